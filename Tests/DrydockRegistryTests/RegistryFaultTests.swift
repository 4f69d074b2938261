// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// Pushes and pulls through a proxy that behaves badly.
struct RegistryFaultTests {
    /// How many runs there are; `DRYDOCK_FAULT_RUNS` asks for more.
    private static var runs: Int {
        ProcessInfo.processInfo.environment["DRYDOCK_FAULT_RUNS"].flatMap { Int($0) } ?? 300
    }

    @Test func `every run ends with the right bytes at both ends or a clear error`() async throws {
        var complete = 0
        try await withThrowingTaskGroup(of: Int.self) { group in
            // Some wait while others work.
            for first in 0..<Self.width {
                group.addTask { try await completeRuns(stride(from: first, to: Self.runs, by: Self.width)) }
            }
            for try await count in group { complete += count }
        }
        // Errors are allowed, but they are not the rule.
        #expect(complete > Self.runs / 2)
    }

    private static let width = 4

    private func completeRuns(_ seeds: StrideTo<Int>) async throws -> Int {
        var complete = 0
        for number in seeds {
            let seed = UInt64(number)
            // Registries differ in what they take.
            var settings = MemoryRegistry.Settings()
            settings.takesChunks = seed % 5 != 0
            settings.smallestChunk = seed % 3 == 0 ? 12_000 : nil
            let registry = MemoryRegistry(settings) { "\(Digest(of: $0))" }
            if try await run(seed: seed, registry) { complete += 1 }
        }
        return complete
    }

    /// Whether connections stall in a run: each stall takes as long as the client waits.
    private func stalls(_ seed: UInt64) -> Bool { seed % 20 == 0 }

    @Test(.requires("docker-registry"))
    func `the same holds for the registry of Debian`() async throws {
        try await TestRegistry.withRegistry { registry in
            for seed in 0..<UInt64(20) {
                let sample = SampleArtifact(seed: seed, sizes: [30_000, 9_000, 1])
                let name = "run\(seed)"
                let pushed = try await FaultyProxy.withProxy(before: registry, faults(seed)) { proxy in
                    try await roundTrip(sample, seed, name, proxy).pushed
                }
                try await withRepository(name, at: registry.authority) { direct in
                    let isTagged = try await direct.manifestDescriptor(.tag("x")) != nil
                    #expect(isTagged || !pushed, "seed \(seed)")
                    guard isTagged else { return }
                    #expect(try await direct.manifest(.tag("x")) == sample.manifest, "seed \(seed)")
                    for (blob, bytes) in zip(sample.descriptors, sample.blobs) {
                        #expect(try await direct.bytes(of: blob) == bytes, "seed \(seed)")
                    }
                }
            }
        }
    }

    private func faults(_ seed: UInt64) -> FaultyProxy.Settings {
        var settings = FaultyProxy.Settings()
        settings.seed = seed
        settings.percentage = [5, 20, 40][Int(seed % 3)]
        settings.tokenUses = seed % 2 == 0 ? 4 : nil
        if !stalls(seed) { settings.faults.removeAll { $0 == .stalled || $0 == .stalledUpload } }
        return settings
    }

    /// One push and one pull; false if one ended with an error.
    private func run(seed: UInt64, _ registry: MemoryRegistry) async throws -> Bool {
        let sample = SampleArtifact(seed: seed, sizes: [30_000, 9_000, 1])
        let outcome = try await FaultyProxy.withProxy(before: registry, faults(seed)) { proxy in
            try await roundTrip(sample, seed, "run", proxy)
        }
        // A tag never leads to an incomplete image.
        let tagged = registry.manifest(tag: "x", in: "run")
        #expect(tagged != nil || !outcome.pushed, "seed \(seed)")
        if let tagged {
            #expect(tagged == sample.manifest.bytes, "seed \(seed)")
            for (blob, bytes) in zip(sample.descriptors, sample.blobs) {
                #expect(registry.blob("\(blob.digest)", in: "run") == bytes, "seed \(seed)")
            }
        }
        return outcome.pushed && outcome.pulled
    }

    private func roundTrip(
        _ sample: SampleArtifact,
        _ seed: UInt64,
        _ name: String,
        _ proxy: FaultyProxy
    ) async throws -> (pushed: Bool, pulled: Bool) {
        var options = RegistryClientOptions.impatient
        options.chunkSize = seed % 4 < 2 ? 10_000 : 1 << 20
        if stalls(seed) { options.timeouts.read = .milliseconds(500) }
        return try await withRepository(name, at: proxy.authority, options: options) { repository in
            let pushed = try await succeeds { try await sample.push(to: repository, tag: "x") }
            let pulled = pushed ? try await succeeds { try await pull(sample, from: repository) } : false
            return (pushed, pulled)
        }
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
