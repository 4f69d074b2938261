// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Testing

/// Making every remembered layer anew.
@Suite
struct LocalStoreVerificationTests {
    private typealias Sample = SampleLayers

    private struct Unreadable: Error {}

    /// What `verify` says of four layers of which it makes one right, one wrong, one not at all, and fails with one.
    private func verify(_ store: LocalStore) async throws -> [LayerKey: String] {
        var outcomes: [LayerKey: String] = [:]
        try await store.verify { layer in
            switch layer.key {
            case Sample.key(0): return Sample.measure(0)
            case Sample.key(1): return Sample.measure(0)
            case Sample.key(2): return nil
            default: throw Unreadable()
            }
        } report: { verification in
            outcomes[verification.layer.key] =
                switch verification.outcome {
                case .right: "right"
                case .wrong(let actual): "wrong \(actual.size)"
                case .absent: "absent"
                case .failed(let error): "\(error)"
                }
        }
        return outcomes
    }

    @Test
    func `each layer is reported, and wrong ones are forgotten`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<4))
            #expect(
                try await verify(store) == [
                    Sample.key(0): "right", Sample.key(1): "wrong 10240", Sample.key(2): "absent",
                    Sample.key(3): "Unreadable()",
                ]
            )
            #expect(try store.remembered(0..<4) == [0, 2, 3])
        }
    }

    @Test
    func `what was remembered anew meanwhile stays`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember([Sample.key(1): Sample.measure(5)])
            try await store.verify { _ in
                try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(1..<2))
                return Sample.measure(1)
            } report: { _ in
            }
            #expect(try store.remembered(0..<4) == [1])
        }
    }

    @Test
    func `cancellation ends it`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<4))
            await #expect(throws: CancellationError.self) {
                try await store.verify { _ in
                    throw CancellationError()
                } report: { _ in
                }
            }
            #expect(try store.remembered(0..<4) == [0, 1, 2, 3])
        }
    }
}
