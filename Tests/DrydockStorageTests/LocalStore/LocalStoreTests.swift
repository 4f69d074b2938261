// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// What the store remembers and forgets.
@Suite
struct LocalStoreTests {
    private typealias Sample = SampleLayers

    @Test
    func `what one process remembers another one finds, and nothing else`() async throws {
        try await withTemporaryDirectory { directory in
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(0..<100))
            let store = LocalStore(at: directory, now: Sample.now)
            #expect(try store.remembered(50..<150) == Array(50..<100))
            #expect(try store.lookup([]) == [:])
            #expect(store.warnings == [])
        }
    }

    @Test
    func `the later measure of a key counts`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember([Sample.key(1): Sample.measure(2)])
            try store.remember([Sample.key(1): Sample.measure(1)])
            #expect(try store.remembered(0..<3) == [1])
            #expect(try store.layers().count == 1)
        }
    }

    @Test
    func `use is noted once a day, and otherwise nothing is written`() async throws {
        try await withTemporaryDirectory { directory in
            func used(at time: Int64) throws -> Int64? {
                let store = LocalStore(at: directory, now: time)
                try store.remember([:], used: [Sample.key(1), Sample.key(2)])
                return try store.lookup([Sample.key(1)])[Sample.key(1)]?.used
            }
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(1..<2))
            #expect(try used(at: Sample.now + Sample.day - 1) == Sample.now)
            #expect(try used(at: Sample.now - Sample.day) == Sample.now)
            #expect(try used(at: Sample.now + Sample.day) == Sample.now + Sample.day)
            let before = try Data(contentsOf: URL(fileURLWithPath: directory + "/digests.sqlite"))
            #expect(try used(at: Sample.now + Sample.day + 1) == Sample.now + Sample.day)
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/digests.sqlite")) == before)
        }
    }

    @Test
    func `what is not true is forgotten`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<4))
            try store.forget([Sample.key(1), Sample.key(9)])
            #expect(try store.remembered(0..<10) == [0, 2, 3])
        }
    }

    @Test
    func `layers are listed by last use`() async throws {
        try await withTemporaryDirectory { directory in
            for number in [2, 1, 3] {
                let store = LocalStore(at: directory, now: Sample.now + Int64(number) * Sample.day)
                try store.remember(Sample.layers(number..<number + 1))
            }
            let layers = try LocalStore(at: directory, now: Sample.now).layers()
            #expect(layers.map(\.key) == [3, 2, 1].map(Sample.key))
            #expect(layers.map(\.diffID) == [3, 2, 1].map { Sample.measure($0).diffID })
            #expect(layers.map(\.created) == [3, 2, 1].map { Sample.now + $0 * Sample.day })
        }
    }

    @Test
    func `what is removed is gone, and the file is smaller`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<2_000))
            let kept = Set((0..<10).map(Sample.key))
            let removal = try store.removeLayers { !kept.contains($0.key) }
            #expect(removal.removed.count == 1_990)
            #expect(removal.remaining == 10)
            #expect(removal.freed > 500_000)
            #expect(try store.remembered(0..<2_000) == Array(0..<10))
            #expect(try LocalStore(at: directory, now: Sample.now).removeLayers { _ in false }.removed == [])
        }
    }

    @Test
    func `the directory and its parent are made for the user alone, and no more than those`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory + "/cache/drydock", now: Sample.now)
            #expect(!store.isPresent)
            try store.remember(Sample.layers(0..<1))
            #expect(store.isPresent)
            for name in ["/cache", "/cache/drydock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: directory + name)
                #expect(attributes[.posixPermissions] as? Int == 0o700)
            }
            let failure = LocalStoreFailure.self
            let error = #expect(throws: failure) {
                try LocalStore(at: directory + "/no/cache/drydock", now: Sample.now).lookup([Sample.key(1)])
            }
            #expect(
                error?.description
                    == "Cannot create '\(directory)/no/cache/drydock': no such file or directory (ENOENT)"
            )
        }
    }
}
