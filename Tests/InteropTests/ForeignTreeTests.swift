// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The root file systems of images of many makers, entry by entry against what umoci unpacks and Docker exports; and each as
/// a base.
@Suite
struct ForeignTreeTests {
    @Test(
        .requires("docker", "dockerd", "podman", "buildah", "skopeo", "umoci", "containerd", "ctr", "runc", "busybox"),
        .requires("python3", "tar", "zstd"),
        .requiresRoot,
        .serialized,
        arguments: ForeignImageMaker.programs.indices
    )
    func `a program's image is unpacked as others do it`(number: Int) async throws {
        try await expectSameTree(ForeignImageMaker.programs[number], "program-\(number):v")
    }

    @Test(
        .requires("docker", "dockerd", "skopeo", "umoci", "busybox", "python3", "tar", "bsdtar", "cpio"),
        .requires("gzip", "zstd", "xz", "bzip2"),
        .requiresRoot,
        .serialized,
        arguments: ForeignImageMaker.tars.indices
    )
    func `layers of any program are unpacked as others do it`(number: Int) async throws {
        try await expectSameTree(ForeignImageMaker.tars[number], "tars-\(number):v")
    }

    private func expectSameTree(_ maker: ForeignImageMaker, _ name: String) async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await maker.make(name, docker, in: directory)
            try await Drydock.check(["export", maker.location(in: directory), "-o", directory + "/ours/"])
            let ours = try await entries(directory + "/ours")
            #expect(ours.count > 2)
            try await exportWithOthers(maker, name, docker, in: directory)
            #expect(try await entries(directory + "/docker") == ours)
            try await Umoci.unpack(layout: directory + "/layout", tag: "v", to: directory + "/umoci")
            #expect(try await entries(directory + "/umoci/rootfs") == ours)
            try await expectBase(maker, "on-" + name, docker, in: directory)
        }
    }

    /// Builds an image on top of the one that was made, and looks for its file and the base's layers in Docker.
    private func expectBase(
        _ maker: ForeignImageMaker,
        _ name: String,
        _ docker: Docker,
        in directory: String
    ) async throws {
        let location = maker.location(in: directory)
        let spec =
            "{name: \(name.dropLast(2)), tag: v, fromImage: '\(location)', files: [{path: /on-top, text: on top}]}"
        try spec.write(toFile: directory + "/child.yaml", atomically: true, encoding: .utf8)
        let archive = directory + "/child.tar"
        try await Drydock.check(["build", directory + "/child.yaml", "--no-cache", "-o", archive])
        // The independent checker wants sorted and padded tars, which layers of others need not be.
        try await Drydock.check(["validate", archive])
        let below = try await Drydock.inspect(location).layers.map(\.diffID)
        #expect(try await Drydock.inspect(archive).layers.map(\.diffID).dropLast() == below[...])
        let script = """
            docker load --quiet --input "$1" >/dev/null
            container=$(docker create "$2" /none); docker export "$container" | tar -xO on-top
            docker rm "$container" >/dev/null
            """
        let text = try await Command.check(
            ["bash", "-euo", "pipefail", "-c", script, "bash", archive, name],
            environment: ["DOCKER_HOST": "unix://" + docker.socket, "HOME": directory]
        )
        #expect(text == "on top")
    }

    /// Unpacks what Docker exports into `docker`, and leaves the image as a layout for umoci in `layout`.
    private func exportWithOthers(
        _ maker: ForeignImageMaker,
        _ name: String,
        _ docker: Docker,
        in directory: String
    ) async throws {
        let script = """
            skopeo() { command skopeo --insecure-policy --tmpdir "$PWD" "$@"; }
            gzip="--dest-compress --dest-compress-format gzip"
            # skopeo does not read what Docker before 1.10 saved, and Docker neither layouts nor archives in zstd.
            skopeo copy $gzip "$1" oci:layout:v || rm -rf layout
            case $1 in
            docker-archive:*) zstd -dcqf "${1#docker-archive:}" >load.tar ;;
            *) skopeo copy oci:layout:v docker-archive:load.tar:loaded-"$2" ;;
            esac
            image=$(docker load --quiet --input load.tar); image=${image##* }; image=${image:-$2}
            container=$(docker create "$image" /none); docker export -o export.tar "$container"
            docker rm "$container"; mkdir docker; tar -xpf export.tar -C docker
            [ -d layout ] || { docker save -o saved.tar "$image"; skopeo copy docker-archive:saved.tar oci:layout:v; }
            """
        let environment = ["DOCKER_HOST": "unix://" + docker.socket, "HOME": directory]
        let arguments = ["bash", "-euo", "pipefail", "-c", script, "bash", maker.location(in: directory), name]
        try await Command.check(arguments, environment: environment, in: directory)
    }

    /// The entries, but for what engines put into every container.
    ///
    /// The times of directories change with what is put into them, and archives of some programs have whole seconds.
    private func entries(_ path: String) async throws -> [ImageChecker.Entry] {
        let added = ["dev", "proc", "sys", "etc", ".dockerenv"]
        return try await ImageChecker.entries(of: path).filter { entry in
            entry.path != "." && !added.contains { entry.path == $0 || entry.path.hasPrefix($0 + "/") }
        }.map { entry in
            var entry = entry
            entry.mtime = entry.type == "directory" ? 0 : entry.mtime / 1_000_000_000
            return entry
        }
    }
}
