// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The test tools themselves, on an image that this package did not make.
///
/// If one of these fails, a failure of the other tests says nothing about the package.
@Suite
struct HarnessTests {
    @Test(.requires("dockerd", "docker", "runc", "setpriv", "busybox"), .requiresRoot)
    func `Docker loads, runs, inspects and saves a sound image`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            let archive = directory + "/image.tar"
            try await HandMadeImage.write(to: archive)
            #expect(try await docker.load(archive) == ["hand-made:latest"])
            #expect(try await docker.load(streamOf: ["cat", archive]) == ["hand-made:latest"])
            #expect(try await docker.run(image: "hand-made:latest") == "hello")
            let inspection = try await docker.inspect("hand-made:latest")
            #expect(try JSONDecoder().decode(Inspection.self, from: inspection).rootFileSystem.layers.count == 1)
            try await docker.save(["hand-made:latest"], to: directory + "/saved.tar")
            let faults = try await ImageChecker.faults(of: directory + "/saved.tar")
            #expect(faults == [])
        }
    }

    @Test(.requires("dockerd", "docker", "runc", "setpriv", "busybox"), .requiresRoot)
    func `a container of Docker answers commands until its scope ends`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            let arguments = ["/bin/busybox", "sleep", "100"]
            let container = try await docker.withContainer(of: "hand-made:latest", arguments) { container in
                let answer = try await docker.check(["exec", container, "/bin/busybox", "id", "-u"])
                #expect(answer == "0")
                return container
            }
            #expect(try await docker.run("inspect", container).status == 1)
        }
    }

    @Test(.requires("podman", "runc", "busybox"), .requiresRoot)
    func `Podman loads and runs a sound image`() async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            try await withPodman { podman in
                #expect(try await podman.load(directory + "/image.tar") == ["localhost/hand-made:latest"])
                #expect(try await podman.run(image: "hand-made") == "hello")
                let arguments = ["/bin/busybox", "sleep", "100"]
                try await podman.withContainer(of: "hand-made", arguments) { container in
                    let answer = try await podman.check(["exec", container, "/bin/busybox", "id", "-u"])
                    #expect(answer == "0")
                }
            }
        }
    }

    @Test(.requires("skopeo", "umoci", "busybox"), .requiresRoot)
    func `skopeo and umoci bring an image to disk as it is`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = directory + "/layout"
            try await HandMadeImage.write(to: directory + "/image.tar")
            try await Skopeo.copy("docker-archive:\(directory)/image.tar", "oci:\(layout):latest")
            #expect(try await ImageChecker.faults(of: layout) == [])
            try await Umoci.unpack(layout: layout, tag: "latest", to: directory + "/bundle")
            let entries = try await ImageChecker.entries(of: directory + "/bundle/rootfs")
            #expect(entries.map(\.path) == [".", "bin", "bin/busybox", "data"])
            let data = try #require(entries.last)
            #expect(data.type == "directory")
            #expect(data.mode == "1750")
            #expect(data.uid == 999)
            #expect(data.mtime == 1_000_000_000)
        }
    }

    struct Fault: CustomTestStringConvertible {
        let name: String
        let message: String

        var testDescription: String { name }
    }

    @Test(
        .requires("python3", "busybox"),
        arguments: [
            Fault(name: "digest", message: "expected sha256:0000000000"),
            Fault(name: "diffid", message: "layer 1: expected diffID sha256:"),
            Fault(name: "history", message: "expected 1 history entries with a layer, got 2"),
            Fault(name: "order", message: "layer 1 is not sorted by name"),
            Fault(name: "duplicate", message: "layer 1 has 'bin/busybox' twice"),
            Fault(name: "parent", message: "layer 1 has 'etc/motd' before its directory"),
            Fault(name: "repositories", message: "repositories: expected "),
            Fault(name: "stray", message: "'stray' belongs to no image"),
            Fault(name: "end", message: "layer 1 does not end with two blocks of zeros"),
        ]
    )
    func `the checker finds the fault and no other`(fault: Fault) async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar", fault: fault.name)
            let faults = try await ImageChecker.faults(of: directory + "/image.tar")
            #expect(faults.count == 1)
            #expect(faults.first?.contains(fault.message) == true, "\(faults)")
        }
    }

    @Test(.requires("python3", "busybox"))
    func `the checker finds no fault in a sound archive`() async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            #expect(try await ImageChecker.faults(of: directory + "/image.tar") == [])
        }
    }
}

/// The part of `docker inspect` that is looked at.
private struct Inspection: Decodable {
    struct RootFileSystem: Decodable {
        enum CodingKeys: String, CodingKey { case layers = "Layers" }

        let layers: [String]
    }

    enum CodingKeys: String, CodingKey { case rootFileSystem = "RootFS" }

    let rootFileSystem: RootFileSystem
}
