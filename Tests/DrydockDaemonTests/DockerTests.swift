// SPDX-License-Identifier: Apache-2.0

import DrydockDaemon
import DrydockDigests
import DrydockTestSupport
import Foundation
import Synchronization
import Testing

/// A real Docker daemon.
@Suite(.requires("dockerd", "docker", "tar"), .requiresRoot)
struct DockerTests {
    private func withDocker(_ body: (DaemonClient, Docker) async throws -> Void) async throws {
        let docker = try await DockerDaemon.shared.client()
        try await DaemonClient.with(DaemonEndpoint(.socket(docker.socket), origin: "the test")) { client in
            try await body(client, docker)
        }
    }

    @Test
    func `an image is loaded, found, and read back`() async throws {
        try await withTemporaryDirectory { directory in
            let image = try await SampleImage(name: "daemon/whole:1", texts: ["a\(directory)", "b"], in: directory)
            try await withDocker { client, _ in
                #expect(client.engine == .docker)
                let sent = Counter()
                let archive = try await image.archive(in: directory)
                let names = try await client.load(DaemonArchive(archive)) { sent.value.add($0, ordering: .relaxed) }
                #expect(names == ["daemon/whole:1"])
                #expect(sent.value.load(ordering: .relaxed) == archive.count)
                let found = try await client.image("daemon/whole:1")
                #expect(found.diffIDs == image.diffIDs)
                #expect(found.id == image.id)
                #expect(found.names == ["daemon/whole:1"])
                let file = try await client.save("daemon/whole:1", toFileIn: directory)
                let listing = try await Command.run(
                    ["tar", "-t"],
                    input: Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
                )
                #expect(listing.text.contains("manifest.json"))
            }
        }
    }

    @Test
    func `layers that Docker has may be left out of the archive`() async throws {
        try await withTemporaryDirectory { directory in
            let texts = ["one\(directory)", "two"]
            let first = try await SampleImage(name: "daemon/first:1", texts: texts, in: directory)
            let second = try await SampleImage(name: "daemon/second:1", texts: texts + ["three"], in: directory)
            let other = try await SampleImage(name: "daemon/other:1", texts: [texts[0], "four"], in: directory)
            try await withDocker { client, _ in
                #expect(try await client.layersPresent(of: second.diffIDs) == 0)
                _ = try await client.load(DaemonArchive(try await first.archive(in: directory)))
                #expect(try await client.layersPresent(of: first.diffIDs) == 2)
                #expect(try await client.layersPresent(of: second.diffIDs) == 2)
                #expect(try await client.layersPresent(of: other.diffIDs) == 1)
                #expect(try await client.layersPresent(of: Array(second.diffIDs.reversed())) == 0)
                let archive = try await second.archive(omitting: 2, in: directory)
                #expect(try await client.load(DaemonArchive(archive)) == ["daemon/second:1"])
                #expect(try await client.image("daemon/second:1").diffIDs == second.diffIDs)
                #expect(try await client.layersPresent(of: second.diffIDs) == 3)
            }
        }
    }

    @Test
    func `an archive without a layer that Docker lacks is refused, in Docker's words`() async throws {
        try await withTemporaryDirectory { directory in
            let image = try await SampleImage(name: "daemon/lacking:1", texts: ["x\(directory)", "y"], in: directory)
            try await withDocker { client, _ in
                let archive = try await image.archive(omitting: 1, in: directory)
                let failure = await #expect(throws: DaemonFailure.self) {
                    _ = try await client.load(DaemonArchive(archive))
                }
                #expect(failure?.isMissingLayer == true)
                let text = failure.map { "\($0)" } ?? ""
                #expect(text.hasPrefix("The daemon could not load the image: open "))
                #expect(text.hasSuffix("layer-0.tar: no such file or directory (status 200)"))
            }
        }
    }

    @Test
    func `an image that is not there is named`() async throws {
        try await withDocker { client, _ in
            let message = "The daemon has no image 'daemon/none:1'\nhint: docker image ls"
            let asked = await #expect(throws: DaemonFailure.self) { _ = try await client.image("daemon/none:1") }
            #expect(asked.map { "\($0)" } == message)
            let saved = await #expect(throws: DaemonFailure.self) { try await client.save("daemon/none:1") { _ in } }
            #expect(saved.map { "\($0)" } == message)
        }
    }

    @Test
    func `what goes wrong while an archive is produced is what is reported`() async throws {
        struct Broken: Error, Equatable {}
        try await withDocker { client, _ in
            let archive = DaemonArchive(size: 1 << 20) {
                var isFirst = true
                return { count in
                    guard isFirst else { throw Broken() }
                    isFirst = false
                    return [UInt8](repeating: 0, count: count)
                }
            }
            await #expect(throws: Broken()) { _ = try await client.load(archive) }
        }
    }
}

/// A real Podman service.
@Suite(.requires("podman", "tar"), .requiresRoot)
struct PodmanTests {
    @Test
    func `an image is loaded whole, found, and read back`() async throws {
        try await withTemporaryDirectory { directory in
            let image = try await SampleImage(name: "localhost/daemon/whole:1", texts: ["a", "b"], in: directory)
            try await withPodman { podman in
                try await podman.withService { socket in
                    let endpoint = DaemonEndpoint(.socket(socket), origin: "the test")
                    try await DaemonClient.with(endpoint) { client in
                        #expect(client.engine == .podman)
                        let archive = try await image.archive(in: directory)
                        #expect(try await client.load(DaemonArchive(archive)) == ["localhost/daemon/whole:1"])
                        // Podman refuses archives that leave a layer out.
                        #expect(try await client.layersPresent(of: image.diffIDs) == 0)
                        #expect(try await client.image("localhost/daemon/whole:1").diffIDs == image.diffIDs)
                        let file = try await client.save("localhost/daemon/whole:1", toFileIn: directory)
                        #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)).count > 2_048)
                        await #expect(throws: DaemonFailure.self) {
                            _ = try await client.load(
                                DaemonArchive(try await image.archive(omitting: 1, in: directory))
                            )
                        }
                    }
                }
            }
        }
    }
}

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
