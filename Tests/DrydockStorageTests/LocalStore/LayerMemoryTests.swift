// SPDX-License-Identifier: Apache-2.0

import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// The store as a build sees it.
@Suite
struct LayerMemoryTests {
    private typealias Sample = SampleLayers

    @Test
    func `a memory finds and remembers`() async throws {
        try await withTemporaryDirectory { directory in
            LayerMemory(LocalStore(at: directory, now: Sample.now)).remember(Sample.layers(0..<2))
            let memory = LayerMemory(LocalStore(at: directory, now: Sample.now))
            let found = memory.lookup((0..<4).map(Sample.key))
            let numbers = try Sample.remembered(0..<4, in: found)
            #expect(numbers == [0, 1])
            #expect(memory.warnings == [])
        }
    }

    @Test
    func `without a store nothing is found and nothing is wrong`() {
        let memory = LayerMemory(nil)
        memory.remember(Sample.layers(0..<2))
        #expect(memory.lookup([Sample.key(0)]) == [:])
        #expect(memory.warnings == [])
    }

    @Test
    func `a store of which nothing is asked is not touched`() async throws {
        try await withTemporaryDirectory { directory in
            let memory = LayerMemory(LocalStore(at: directory + "/cache", now: Sample.now))
            #expect(memory.lookup([]) == [:])
            memory.remember([:])
            #expect(!FileManager.default.fileExists(atPath: directory + "/cache"))
        }
    }

    @Test
    func `a store that cannot be used is reported once`() async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: URL(fileURLWithPath: directory + "/cache"))
            let memory = LayerMemory(LocalStore(at: directory + "/cache", now: Sample.now))
            #expect(memory.lookup([Sample.key(0)]) == [:])
            #expect(memory.lookup([Sample.key(1)]) == [:])
            memory.remember(Sample.layers(0..<2))
            #expect(
                memory.warnings.map(\.description) == [
                    "This build works without its cache: Cannot open '\(directory)/cache': not a directory (ENOTDIR)"
                ]
            )
        }
    }

    @Test
    func `what cannot be written down is reported`() async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: URL(fileURLWithPath: directory + "/cache"))
            let memory = LayerMemory(LocalStore(at: directory + "/cache", now: Sample.now))
            memory.remember(Sample.layers(0..<2))
            #expect(
                memory.warnings.map(\.description) == [
                    "The next build will not profit from this one: "
                        + "Cannot open '\(directory)/cache': not a directory (ENOTDIR)"
                ]
            )
        }
    }
}
