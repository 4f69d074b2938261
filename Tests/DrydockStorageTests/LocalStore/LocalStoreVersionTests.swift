// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
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

    /// Makes a store as the first version of the program did, with layers 0 to 9.
    private func makeFirstStore(_ directory: String) async throws {
        let rows = (0..<10).map { number in
            let (key, measure) = (Sample.key(number), Sample.measure(number))
            return "\(key.digest.encoded) \(measure.diffID.encoded) \(measure.size)"
        }
        let script = """
            import hashlib, sqlite3, struct, sys
            database = sqlite3.connect(sys.argv[1])
            database.execute("CREATE TABLE layer (key BLOB NOT NULL PRIMARY KEY, diff_id BLOB NOT NULL, size INTEGER NOT NULL,"
                " recipe BLOB NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL, checksum BLOB NOT NULL) WITHOUT ROWID")
            for line in sys.stdin:
                key, diff_id, size = line.split()
                key, diff_id, size = bytes.fromhex(key), bytes.fromhex(diff_id), int(size)
                checksum = hashlib.sha256(key + diff_id + struct.pack("<q", size)).digest()
                database.execute("INSERT INTO layer VALUES (?, ?, ?, ?, 1, 1, ?)", (key, diff_id, size, b"", checksum))
            database.execute("PRAGMA application_id = 0x44525944")
            database.execute("PRAGMA user_version = 1")
            database.commit()
            """
        let input = Array((rows.joined(separator: "\n") + "\n").utf8)
        try await Command.check(["python3", "-c", script, directory + "/digests.sqlite"], input: input)
    }

    @Test(.requires("python3"))
    func `what the first version remembered is known without checksums, and gains them`() async throws {
        try await withTemporaryDirectory { directory in
            try await makeFirstStore(directory)
            let store = LocalStore(at: directory, now: Sample.now)
            let found = try store.lookup((0..<12).map(Sample.key))
            #expect(store.warnings == [])
            #expect(found.count == 10)
            for number in 0..<10 {
                let plain = LayerMeasure(diffID: Sample.measure(number).diffID, size: Sample.measure(number).size)
                #expect(found[Sample.key(number)]?.measure == plain)
            }
            try store.remember(Sample.layers(0..<10))
            #expect(try LocalStore(at: directory, now: Sample.now).remembered(0..<12) == Array(0..<10))
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
                    drydock: expected version 3 or older, got 4
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
            let expected = LocalStoreFailure(.newerVersion(4, known: 3), path: directory + "/digests.sqlite")
            #expect(throws: expected) { try store.remember(Sample.layers(1..<2)) }
            #expect(throws: expected) { try store.remembered(0..<2) }
            #expect(try laterStore(directory).remembered(0..<2) == [0])
        }
    }
}
