// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The part of a docker-archive that consumers from before Docker 1.10 need.
@Suite
struct LegacyArchiveTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresRoot)
    func `Docker loads and runs an archive without its manifest`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            // Under a name of its own: other tests load the example, too.
            let archive = directory + "/image.tar"
            let destination = "docker-archive:\(archive):drydock.example:5000/old/shell:v0"
            let built = try await Drydock.build(Drydock.example("shell"), to: destination)
            let legacy = try await removingManifest(from: archive, in: directory)
            _ = try await docker.load(legacy)

            let name = "drydock.example:5000/old/shell:v0"
            let view = try JSON(try await docker.inspect(name))
            #expect(view["RootFS", "Layers"] == .array(built.diffIDs.map { .string($0) }))
            for (key, value) in built.config.members { #expect(view["Config", key] == value, "\(key)") }
            #expect(try await docker.run(image: name, ["/bin/cat", "/etc/group"]) == "root:x:0:")
        }
    }

    @Test(.requires("python3"), .requiresRoot)
    func `layers name their parents, the top carries the settings`() async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await EverythingImage.make(in: directory)
            let archive = directory + "/image.tar"
            let built = try await Drydock.build(spec, to: "docker-archive:\(archive)")
            let members = try await Command.check(["tar", "--list", "--file", archive]).split(separator: "\n")
            #expect(members.count == 3 * built.layers.count + 3)

            let repositories = try await document("repositories", in: archive)
            guard case .string(let top)? = repositories["everything", "v1"] else {
                return #expect(Bool(false), "repositories: \(repositories)")
            }
            #expect(repositories.members.count == 1)
            var chain: [String] = []
            var next: String? = top
            while let layer = next {
                chain.append(layer)
                #expect(try await Command.check(["tar", "-xOf", archive, layer + "/VERSION"]) == "1.0")
                let description = try await document(layer + "/json", in: archive)
                #expect(description["id"] == .string(layer))
                #expect(description["created"] == .string("1970-01-01T00:00:01Z"))
                #expect(description["config"] == (layer == top ? built.config : nil))
                next = if case .string(let parent)? = description["parent"] { parent } else { nil }
                try #require(chain.count <= built.layers.count)
            }
            var diffIDs: [String] = []
            for layer in chain.reversed() {
                let tar = try await Command.run(["tar", "-xOf", archive, layer + "/layer.tar"])
                let sum = try await Command.check(["sha256sum"], input: tar.standardOutput)
                diffIDs.append("sha256:" + sum.prefix(64))
            }
            #expect(diffIDs == built.diffIDs)
        }
    }

    private func document(_ name: String, in archive: String) async throws -> JSON {
        try JSON(try await Command.check(["tar", "-xOf", archive, name]).utf8)
    }

    /// The same archive without `manifest.json`, and without the configuration that only this one names.
    private func removingManifest(from archive: String, in directory: String) async throws -> String {
        let files = directory + "/files"
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: false)
        let legacy = directory + "/legacy.tar"
        let script = """
            tar -xf "$1" -C "$2"
            rm "$2"/*.json
            tar -cf "$3" -C "$2" .
            """
        try await Command.check(["sh", "-ec", script, "sh", archive, files, legacy])
        return legacy
    }
}
