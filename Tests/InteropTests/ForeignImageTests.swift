// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images that others made are read with the digests that their bytes have, and built on.
@Suite
struct ForeignImageTests {
    @Test(.requires("docker", "dockerd", "runc", "busybox", "python3"), .requiresRoot)
    func `what Docker saves is read, alone and among others`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            // A layer of Docker's own making on top.
            try await docker.withContainer(of: "hand-made:latest", ["/bin/busybox", "sleep", "100"]) { container in
                try await docker.check(["exec", container, "/bin/busybox", "touch", "/touched"])
                try await docker.check(["commit", "--change", "ENV A=b", container, "committed:v1"])
            }
            try await docker.save(["committed:v1"], to: directory + "/one.tar")
            let image = try await expectSame(directory + "/one.tar")
            let identifier = try await docker.check(["image", "inspect", "--format", "{{.Id}}", "committed:v1"])
            #expect(image.imageID == identifier)
            #expect(image.references == ["committed:v1"])
            #expect(image.layers.count == 2)
            #expect(image.config["Env", "0"] == .string("A=b"))

            try await docker.save(["hand-made:latest", "committed:v1"], to: directory + "/two.tar")
            #expect(try await expectSame(directory + "/two.tar", name: "committed:v1") == image)
            _ = try await expectSame(directory + "/two.tar", name: "hand-made:latest")
            let refusal = try await Command.run([try Drydock.path, "inspect", directory + "/two.tar"])
            #expect(refusal.status != 0)
            #expect(
                refusal.errorText == """
                    Error: '\(directory)/two.tar' holds several images
                    hint: choose one of 'hand-made:latest', 'committed:v1'
                    """
                    || refusal.errorText == """
                        Error: '\(directory)/two.tar' holds several images
                        hint: choose one of 'committed:v1', 'hand-made:latest'
                        """
            )
        }
    }

    @Test(
        .requires("podman", "runc", "busybox", "python3"),
        .requiresRoot,
        arguments: ["docker-archive", "oci-archive", "oci-dir"]
    )
    func `what Podman saves is read`(format: String) async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            try await withPodman { podman in
                _ = try await podman.load(directory + "/image.tar")
                let saved = directory + "/saved"
                try await podman.check(["save", "--quiet", "--format", format, "--output", saved, "hand-made:latest"])
                let image = try await expectSame(saved)
                #expect(image.config["Cmd", "0"] == .string("/bin/busybox"))
                #expect(image.references == ["localhost/hand-made:latest"])
            }
        }
    }

    @Test(.requires("buildah", "python3"), .requiresRoot)
    func `what Buildah builds is read in every form`() async throws {
        try await withTemporaryDirectory { directory in
            let places = ["oci:\(directory)/layout:v1", "oci-archive:\(directory)/oci.tar:v1"]
            let script = """
                buildah() { command buildah --root "$PWD/root" --runroot "$PWD/run" --storage-driver vfs "$@"; }
                container=$(buildah from scratch)
                echo hello >hello
                buildah copy --quiet "$container" hello /etc/hello
                buildah config --cmd /bin/true --label name=value --workingdir /etc "$container"
                buildah commit --quiet "$container" built
                for place; do buildah push --quiet built "$place"; done
                buildah rmi --all --force
                """
            let archive = "docker-archive:\(directory)/docker.tar:me/built:v1"
            let arguments = ["bash", "-euc", script, "bash"] + places + [archive]
            try await Command.check(arguments, environment: ["TMPDIR": directory, "HOME": directory], in: directory)

            let layout = try await expectSame(directory + "/layout")
            #expect(layout.config["Labels", "name"] == .string("value"))
            #expect(layout.config["WorkingDir"] == .string("/etc"))
            #expect(layout.layers.map(\.mediaType) == ["application/vnd.oci.image.layer.v1.tar+gzip"])
            #expect(try await expectSame(directory + "/oci.tar") == layout)
            let docker = try await expectSame(directory + "/docker.tar")
            #expect(docker.diffIDs == layout.diffIDs)
        }
    }

    @Test(.requires("umoci", "python3"), .requiresRoot)
    func `what umoci builds is read by its tag`() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                umoci init --layout layout
                umoci new --image layout:empty
                echo hello >hello
                umoci insert --image layout:empty --tag one hello /etc/hello
                umoci config --image layout:one --tag one --config.cmd /bin/true
                umoci unpack --image layout:one bundle
                mkdir bundle/rootfs/new
                rm bundle/rootfs/etc/hello
                umoci repack --image layout:two bundle
                """
            try await Command.check(["sh", "-ec", script], in: directory)
            let one = try await expectSame(directory + "/layout", name: "one")
            let two = try await expectSame(directory + "/layout", name: "two")
            #expect(one.config["Cmd", "0"] == .string("/bin/true"))
            #expect(one.references == ["one"])
            #expect(two.layers.count == 2)
            #expect(two.layers.first == one.layers.first)
            #expect(two.layers.last?.createdBy == "umoci repack")
        }
    }

    /// Reads an image, and expects the digests that the independent program computes from its bytes.
    private func expectSame(_ path: String, name: String? = nil) async throws -> Drydock.Image {
        let isArchive = path.hasSuffix(".tar")
        let place = name.map { (isArchive ? "docker-archive:" : "oci:") + path + ":" + $0 } ?? path
        let image = try await Drydock.inspect(place)
        let identity = try await ImageChecker.identity(of: path, name: name)
        #expect(image.imageID == identity.imageID)
        #expect(image.diffIDs == identity.layers.map(\.diffID))
        if let digest = identity.digest {
            #expect(image.digest == digest)
            #expect(image.layers.map(\.digest) == identity.layers.map(\.digest))
            #expect(image.layers.map(\.size) == identity.layers.map(\.size))
        }
        try await expectBase(place, image)
        return image
    }

    /// Builds on top of an image, and expects its layers below.
    private func expectBase(_ place: String, _ image: Drydock.Image) async throws {
        try await withTemporaryDirectory { directory in
            let spec = """
                { "name": "top", "tag": "v", "fromImage": "\(place)", "files": [{ "path": "/top", "text": "top" }] }
                """
            try spec.write(toFile: directory + "/top.json", atomically: true, encoding: .utf8)
            for form in ["docker-archive", "oci"] {
                let top = try await Drydock.build(directory + "/top.json", to: "\(form):\(directory)/\(form)")
                #expect(top.diffIDs.dropLast() == image.diffIDs[...])
                #expect(top.layers.count == image.layers.count + 1)
                let identity = try await ImageChecker.identity(of: "\(directory)/\(form)")
                #expect(identity.layers.map(\.diffID) == top.diffIDs)
                #expect(identity.imageID == top.imageID)
            }
        }
    }
}
