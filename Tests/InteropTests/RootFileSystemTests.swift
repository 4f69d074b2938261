// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The root file systems of images that others made, against what others unpack; and images on top of them.
@Suite
struct RootFileSystemTests {
    /// Two steps of changes: files, hard links and links; then deletions, an opaque directory, and a file for a directory.
    private static let steps = [
        """
        mkdir -p /d/e /o/p; echo 1 >/d/a; ln /d/a /d/b; ln -s a /d/l; echo x >/o/x; echo z >/o/p/z; chmod 4711 /d/b; echo f >/f
        """,
        """
        rm /d/a; rm -r /o; mkdir /o; echo y >/o/y; rm -r /d/e; echo f >/d/e; chmod 1777 /o; chown 7:8 /d/b; rm /f; mkdir /f
        """,
    ]

    @Test(.requires("docker", "dockerd", "runc", "busybox", "python3", "skopeo", "umoci", "tar"), .requiresRoot)
    func `of what Docker commits it is what Docker exports and umoci unpacks`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            try await commit(docker, "hand-made:latest", Self.steps[0], as: "flat:one")
            try await commit(docker, "flat:one", Self.steps[1], as: "flat:two")
            try await docker.save(["flat:two"], to: directory + "/two.tar")
            try await export(directory + "/two.tar", to: directory + "/ours")
            try await expectAsUmoci(directory + "/two.tar", directory)
            let script = """
                container=$(docker --host "$1" create flat:two); docker --host "$1" export "$container" >docker.tar
                docker --host "$1" rm "$container" >/dev/null; mkdir docker; tar -xpf docker.tar -C docker
                """
            let socket = "unix://" + docker.socket
            try await Command.check(["bash", "-euc", script, "bash", socket], in: directory)
            #expect(try await entries(directory + "/docker") == entries(directory + "/ours"))

            // The tar can become an image again, which runs.
            try await Drydock.check(["export", directory + "/two.tar", "-o", directory + "/flat.tar"])
            try await docker.check(["import", directory + "/flat.tar", "flat:imported"])
            #expect(try await docker.run(image: "flat:imported", ["/bin/busybox", "cat", "/o/y", "/d/b"]) == "y\n1")
        }
    }

    @Test(.requires("umoci", "python3"), .requiresRoot)
    func `of what umoci repacks it is what umoci unpacks`() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                umoci init --layout layout
                umoci new --image layout:v
                for step; do
                    rm -rf bundle; umoci unpack --image layout:v bundle
                    cd bundle/rootfs; eval "$step"; cd ../..
                    umoci repack --image layout:v bundle
                done
                """
            let steps = Self.steps.map { $0.replacing(" /", with: " ").replacing(">/", with: ">") }
            try await Command.check(["bash", "-euc", script, "bash"] + steps, in: directory)
            try await Umoci.unpack(layout: directory + "/layout", tag: "v", to: directory + "/theirs")
            try await export("oci:\(directory)/layout:v", to: directory + "/ours")
            let ours = try await entries(directory + "/ours")
            #expect(ours.count == 7)
            #expect(try await entries(directory + "/theirs/rootfs") == ours)
        }
    }

    @Test(.requires("buildah", "python3", "umoci"), .requiresRoot)
    func `of what Buildah builds it is what umoci unpacks`() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                buildah() { command buildah --root "$PWD/root" --runroot "$PWD/run" --storage-driver vfs "$@"; }
                container=$(buildah from scratch); place=$(buildah mount "$container")
                (cd "$place"; eval "$1"); buildah unmount "$container"; buildah commit --quiet "$container" one
                container=$(buildah from one); place=$(buildah mount "$container")
                (cd "$place"; eval "$2"); buildah unmount "$container"; buildah commit --quiet "$container" two
                buildah push --quiet two oci:layout:v
                buildah rmi --all --force
                """
            let steps = Self.steps.map { $0.replacing(" /", with: " ").replacing(">/", with: ">") }
            let environment = ["TMPDIR": directory, "HOME": directory]
            try await Command.check(["bash", "-euc", script, "bash"] + steps, environment: environment, in: directory)
            try await Umoci.unpack(layout: directory + "/layout", tag: "v", to: directory + "/theirs")
            try await export("oci:\(directory)/layout:v", to: directory + "/ours")
            #expect(try await entries(directory + "/theirs/rootfs") == entries(directory + "/ours"))
        }
    }

    @Test(.requires("docker", "dockerd", "runc", "busybox", "python3"), .requiresRoot)
    func `an image on top of one that Docker saved runs, and so does one on top of that`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            try await commit(
                docker,
                "hand-made:latest",
                "mkdir /l; echo 1 >/l/order",
                as: "below:one",
                "ENV A=parent B=parent"
            )
            try await docker.save(["below:one"], to: directory + "/below.tar")
            let middle = """
                { name: middle, tag: v, fromImage: below.tar, files: [{ path: /l/order, text: "2" }, { path: /l/m, text: m }],
                  config: { Env: [B=child], Cmd: [/bin/busybox, cat, /l/order] } }
                """
            try middle.write(toFile: directory + "/middle.yaml", atomically: true, encoding: .utf8)
            let upper = """
                { name: upper, tag: v, fromImage: middle.yaml, files: [{ path: /l/order, text: "3" }] }
                """
            try upper.write(toFile: directory + "/upper.yaml", atomically: true, encoding: .utf8)
            for (name, order) in [("middle", "2"), ("upper", "3")] {
                let archive = directory + "/\(name).tar"
                try await Drydock.check(["build", directory + "/\(name).yaml", "-o", archive])
                #expect(try await ImageChecker.faults(of: archive) == [])
                _ = try await docker.load(archive)
                #expect(try await docker.run(image: "\(name):v") == order)
                let variables = try await docker.run(image: "\(name):v", ["/bin/busybox", "env"])
                #expect(variables.contains("A=parent"))
                #expect(variables.contains("B=child"))
                #expect(!variables.contains("B=parent"))
            }
            let below = try await Drydock.inspect(directory + "/below.tar")
            let top = try await Drydock.inspect(directory + "/upper.tar")
            #expect(top.layers.map(\.diffID).prefix(below.layers.count) == below.layers.map(\.diffID)[...])
            #expect(top.layers.count == below.layers.count + 2)
        }
    }

    // MARK: - Helpers

    private func commit(
        _ docker: Docker,
        _ image: String,
        _ script: String,
        as name: String,
        _ change: String = "LABEL a=b"
    ) async throws {
        try await docker.withContainer(of: image, ["/bin/busybox", "sleep", "100"]) { container in
            let commands = script.split(separator: ";").map {
                "/bin/busybox \($0.trimmingCharacters(in: .whitespaces))"
            }
            try await docker.check(["exec", container, "/bin/busybox", "sh", "-ec", commands.joined(separator: "; ")])
            try await docker.check(["commit", "--change", change, container, name])
        }
    }

    private func export(_ image: String, to path: String) async throws {
        try await Drydock.check(["export", image, "-o", path + "/"])
    }

    private func expectAsUmoci(_ archive: String, _ directory: String) async throws {
        try await Skopeo.copy("docker-archive:\(archive)", "oci:\(directory)/layout:v")
        try await Umoci.unpack(layout: directory + "/layout", tag: "v", to: directory + "/umoci")
        #expect(try await entries(directory + "/umoci/rootfs") == entries(directory + "/ours"))
    }

    /// What engines put into every container, and what the time of a file system is not part of.
    private func entries(_ path: String) async throws -> [ImageChecker.Entry] {
        let added = [".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"]
        return try await ImageChecker.entries(of: path).filter { entry in
            entry.path != "." && !added.contains(entry.path)
                && !["dev", "proc", "sys", "etc"].contains { entry.path == $0 || entry.path.hasPrefix($0 + "/") }
        }.map { entry in
            var entry = entry
            // Archives of some programs have whole seconds, and a directory's time changes with what is put into it.
            entry.mtime = entry.type == "directory" ? 0 : entry.mtime / 1_000_000_000
            return entry
        }
    }
}
