// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Pushes that are killed, and run again.
@Suite(.requires("docker-registry", "openssl"))
struct KilledPushTests {
    private static let paths = "abcdfg".map { "/nix/store/\(String(repeating: $0, count: 32))-x" }

    /// Writes a store of six paths that do not compress, a graph of them, and a spec.
    private func prepare(_ directory: String) async throws {
        for path in Self.paths {
            try await Command.check(["mkdir", "-p", "\(directory)/root\(path)"])
            try await Command.check(
                ["sh", "-c", "head -c 300000 /dev/urandom >\(directory)/root\(path)/file"]
            )
        }
        let objects = Self.paths.map { path in
            JSON.object([
                "path": .string(path), "narHash": .string("sha256:" + String(repeating: "0", count: 64)),
                "narSize": .number(300_000), "references": .array([]),
            ])
        }
        try JSONEncoder().encode(JSON.array(objects)).write(to: URL(filePath: directory + "/graph.json"))
        let contents = Self.paths.map { "{nix: \($0), links: false}" }.joined(separator: ", ")
        try "name: sample\nlayering: perPath\ncontents: [\(contents)]\n".write(
            toFile: directory + "/image.yaml",
            atomically: true,
            encoding: .utf8
        )
    }

    @Test func `a push that is killed at any moment is completed by the next one`() async throws {
        try await withTemporaryDirectory { directory in
            try await prepare(directory)
            try await TestRegistry.withRegistry { registry in
                var generator = SeededGenerator(seed: 5)
                for run in 0..<8 { try await push(run, killedAfter: generator.below(20), directory, registry) }
            }
        }
    }

    private func push(_ run: Int, killedAfter count: Int, _ directory: String, _ registry: TestRegistry) async throws {
        // What another run has remembered would be mounted.
        let cache = "\(directory)/cache\(run)"
        let options = [
            "--store", directory + "/root", "--references-graph", directory + "/graph.json", "--cache", cache,
        ]
        try await FaultyProxy.withProxy(before: registry) { proxy in
            let image = "docker://\(proxy.authority)/run\(run):x"
            let arguments = ["build", "--progress", "none", "-o", image] + options + [directory + "/image.yaml"]
            let running = try await Command.start([try Drydock.path] + arguments)
            async let ended = running.output()
            for _ in 0..<6_000 where proxy.requests.count < count { try await Task.sleep(for: .milliseconds(5)) }
            running.killGroup()
            _ = try await ended
            let before = proxy.requests.count
            let present = try await completeBlobs(run, registry)
            let built = try await Drydock.build(directory + "/image.yaml", to: image, options: options)
            let sent = proxy.requests.dropFirst(before).filter { $0.verb == "PUT" && $0.target.contains("digest=") }
            for blob in present {
                #expect(!sent.contains { $0.target.contains(blob) }, "run \(run): \(blob) was sent again")
            }
            let layout = "\(directory)/layout\(run)"
            let pull = ["pull", "\(registry.authority)/run\(run):x", "-o", "oci:\(layout)", "--cache", cache + "-pull"]
            try await Drydock.check(pull)
            #expect(try await Drydock.inspect("oci:\(layout)").digest == built.digest)
            try await Drydock.check(["validate", "oci:\(layout)"])
        }
    }

    /// The digests of the blobs that a repository has, as its directory says.
    private func completeBlobs(_ run: Int, _ registry: TestRegistry) async throws -> [String] {
        let links = registry.directory + "/docker/registry/v2/repositories/run\(run)/_layers/sha256"
        return (try? FileManager.default.contentsOfDirectory(atPath: links)) ?? []
    }
}
