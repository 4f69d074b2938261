// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// Pushes and pulls through a proxy that behaves badly.
@Suite(.requires("docker-registry"))
struct RegistryFaultTests {
    /// How many runs there are; `DRYDOCK_FAULT_RUNS` asks for more.
    private static var runs: Int {
        ProcessInfo.processInfo.environment["DRYDOCK_FAULT_RUNS"].flatMap { Int($0) } ?? 100
    }

    @Test func `every run ends with the right bytes at both ends or a clear error`() async throws {
        try await TestRegistry.withRegistry { registry in
            var complete = 0
            for seed in 0..<UInt64(Self.runs) where try await run(seed: seed, registry) {
                complete += 1
            }
            // Errors are allowed, but they are not the rule.
            #expect(complete > Self.runs / 2)
        }
    }

    /// One push and one pull; false if one ended with an error.
    private func run(seed: UInt64, _ registry: TestRegistry) async throws -> Bool {
        let sample = SampleArtifact(seed: seed, sizes: [30_000, 9_000, 1])
        var settings = FaultyProxy.Settings()
        settings.seed = seed
        settings.percentage = [5, 20, 40][Int(seed % 3)]
        settings.tokenUses = seed % 2 == 0 ? 4 : nil
        let name = "run\(seed)"
        let outcome = try await FaultyProxy.withProxy(before: registry, settings) { proxy in
            var options = RegistryClientOptions.impatient
            options.chunkSize = seed % 4 < 2 ? 10_000 : 1 << 20
            return try await withRepository(name, at: proxy.authority, options: options) { repository in
                let pushed = try await succeeds { try await sample.push(to: repository, tag: "x") }
                let pulled = pushed ? try await succeeds { try await pull(sample, from: repository) } : false
                return (pushed, pulled)
            }
        }
        try await withRepository(name, at: registry.authority) { direct in
            // A tag never leads to an incomplete image.
            let isTagged = try await direct.manifestDescriptor(.tag("x")) != nil
            #expect(isTagged || !outcome.0, "seed \(seed)")
            guard isTagged else { return }
            #expect(try await direct.manifest(.tag("x")) == sample.manifest, "seed \(seed)")
            for (blob, bytes) in zip(sample.descriptors, sample.blobs) {
                #expect(try await direct.bytes(of: blob) == bytes, "seed \(seed)")
            }
        }
        return outcome.0 && outcome.1
    }

    /// Who puts a blob together verifies it; a damaged one is got again.
    private func pull(_ sample: SampleArtifact, from repository: RegistryRepository) async throws {
        let manifest = try await repository.manifest(.digest(sample.manifest.descriptor.digest))
        #expect(manifest == sample.manifest)
        for (blob, bytes) in zip(sample.descriptors, sample.blobs) {
            var received = try await repository.bytes(of: blob)
            if received != bytes { received = try await repository.bytes(of: blob) }
            #expect(Int64(received.count) == blob.size)
        }
    }

    private func succeeds(_ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return true
        } catch let failure as RegistryFailure {
            #expect(!"\(failure)".contains("token-"))
            #expect(!"\(failure)".contains("went elsewhere"))
            return false
        }
    }
}
