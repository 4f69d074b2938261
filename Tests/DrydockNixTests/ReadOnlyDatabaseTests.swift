// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockTestSupport
import Foundation
import GRDB
import Testing

/// Databases in a directory that cannot be written, where SQLite can take no part in the locking of a write-ahead log.
@Suite(.requiresRoot, .requires("mount", "umount"))
struct ReadOnlyDatabaseTests {
    /// The state that a database is left in, switched to a write-ahead log as Nix does.
    private enum Left {
        case closed
        case withEmptyLog
        case withFullLog
        case withJournal
    }

    private func withReadOnlyState(
        _ left: Left,
        name: String = "state",
        _ body: (_ state: String, _ file: String) async throws -> Void
    ) async throws {
        try await withTmpfs(size: 32 << 20) { mounted in
            let state = mounted + "/" + name
            try SampleClosure.chain(of: 3).write(to: state)
            try write(left, to: state + "/db/db.sqlite")
            try await remountReadOnly(mounted)
            try await body(state, state + "/db/db.sqlite")
        }
    }

    private func write(_ left: Left, to file: String) throws {
        let connection = try DatabaseQueue(path: file)
        try connection.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        let log = file + "-wal"
        if left == .withFullLog {
            try connection.writeWithoutTransaction { try $0.execute(sql: "UPDATE ValidPaths SET narSize = 77") }
            // As a process that is killed leaves it.
            try FileManager.default.copyItem(atPath: file, toPath: file + "-copy")
            try FileManager.default.copyItem(atPath: log, toPath: log + "-copy")
        }
        try connection.close()
        switch left {
        case .closed: #expect(!FileManager.default.fileExists(atPath: log))
        case .withEmptyLog: try Data().write(to: URL(fileURLWithPath: log))
        case .withJournal: try Data("journal".utf8).write(to: URL(fileURLWithPath: file + "-journal"))
        case .withFullLog:
            for name in [file, log] {
                try? FileManager.default.removeItem(atPath: name)
                try FileManager.default.moveItem(atPath: name + "-copy", toPath: name)
            }
        }
    }

    @Test(arguments: ["state", "with space, 100% ä?#&=1"])
    func `a database that nobody has open is read`(name: String) async throws {
        try await withReadOnlyState(.closed, name: name) { state, _ in
            let database = try StoreDatabase(stateDirectory: state)
            #expect(try database.everything() == SampleClosure.chain(of: 3).closure)
            #expect(try database.closure(of: [SampleClosure.path(1)]) == SampleClosure.chain(of: 2).closure)
            #expect(try database.object(at: SampleClosure.path(0))?.narSize == 0)
        }
    }

    @Test
    func `an empty log changes nothing`() async throws {
        try await withReadOnlyState(.withEmptyLog) { state, _ in
            let everything = try StoreDatabase(stateDirectory: state).everything()
            #expect(try everything == SampleClosure.chain(of: 3).closure)
        }
    }

    @Test
    func `a log that must first be recovered is not passed over`() async throws {
        try await withReadOnlyState(.withFullLog) { state, file in
            let failure = #expect(throws: StoreDatabaseFailure.self) { try StoreDatabase(stateDirectory: state) }
            #expect(
                failure?.description
                    == "Cannot read the Nix database '\(file)': '\(file)-wal' holds changes that are not in it yet, and "
                    + "its directory cannot be written\nhint: let Nix open the store once where it can be written"
            )
        }
    }

    @Test
    func `a journal that must first be rolled back is not passed over`() async throws {
        try await withReadOnlyState(.withJournal) { state, file in
            let failure = #expect(throws: StoreDatabaseFailure.self) { try StoreDatabase(stateDirectory: state) }
            #expect(failure?.reason == .unrecovered(suffix: "-journal"))
        }
    }

    @Test
    func `a corrupt database is found here too`() async throws {
        try await withTmpfs(size: 32 << 20) { mounted in
            try SampleClosure.chain(of: 500).write(to: mounted)
            let file = URL(fileURLWithPath: mounted + "/db/db.sqlite")
            var data = try Data(contentsOf: file)
            // A write-ahead log, so that SQLite cannot take part in the locking.
            data[18] = 2
            data[19] = 2
            try data.prefix(40_960).write(to: file)
            try await remountReadOnly(mounted)
            let failure = #expect(throws: StoreDatabaseFailure.self) {
                try StoreDatabase(stateDirectory: mounted).everything()
            }
            #expect(failure?.reason == .corrupt("database disk image is malformed"))
        }
    }
}
