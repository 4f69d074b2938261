// SPDX-License-Identifier: Apache-2.0

import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Programs of two versions with one store.
@Suite
struct LocalStoreVersionTests {
    private typealias Sample = SampleLayers

    /// A store of the next version.
    private func laterStore(_ directory: String) -> LocalStore {
        LocalStore(at: directory, now: Sample.now, laterSteps: ["ALTER TABLE layer ADD COLUMN note TEXT"])
    }

    @Test
    func `a newer program keeps what an older one remembered`() async throws {
        try await withTemporaryDirectory { directory in
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(0..<10))
            #expect(try laterStore(directory).remembered(0..<20) == Array(0..<10))
            try laterStore(directory).remember(Sample.layers(10..<12))
            #expect(try laterStore(directory).remembered(0..<20) == Array(0..<12))
            #expect(laterStore(directory).warnings == [])
        }
    }

    @Test
    func `an older program does without a newer one's store`() async throws {
        try await withTemporaryDirectory { directory in
            try laterStore(directory).remember(Sample.layers(0..<10))
            let before = try Data(contentsOf: URL(fileURLWithPath: directory + "/digests.sqlite"))
            let memory = LayerMemory(LocalStore(at: directory, now: Sample.now))
            #expect(memory.lookup([Sample.key(1)]) == [:])
            memory.remember(Sample.layers(10..<12))
            #expect(
                memory.warnings.map(\.description) == [
                    """
                    This build works without its cache: The cache '\(directory)/digests.sqlite' was written by a newer \
                    drydock: expected version 2 or older, got 3
                    hint: use the newer drydock, or choose another directory with --cache
                    """
                ]
            )
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/digests.sqlite")) == before)
            #expect(try laterStore(directory).remembered(0..<20) == Array(0..<10))
        }
    }

    @Test
    func `an older program that has the store open notices that it became newer`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<1))
            #expect(try laterStore(directory).remembered(0..<2) == [0])
            let expected = LocalStoreFailure(.newerVersion(3, known: 2), path: directory + "/digests.sqlite")
            #expect(throws: expected) { try store.remember(Sample.layers(1..<2)) }
            #expect(throws: expected) { try store.remembered(0..<2) }
            #expect(try laterStore(directory).remembered(0..<2) == [0])
        }
    }
}
