// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Glibc

/// The open database of the store: SQLite with a write-ahead log, so that readers and a writer do not wait for each other.
final class StoreDatabase: Sendable {
    let path: String
    private let schema: StoreSchema
    private let queue: DatabaseQueue

    /// Opens the database, creates it if it is missing, and brings an older one up to date.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - schema: The tables.
    ///   - patience: How long to wait for another process, in milliseconds.
    /// - Throws: ``LocalStoreFailure``.
    init(path: String, schema: StoreSchema, patience: Int) throws {
        self.path = path
        self.schema = schema
        let configuration = Self.configuration(patience: patience)
        queue = try Self.naming(path) {
            try Self.retrying(patience: patience) {
                let queue = try DatabaseQueue(path: path, configuration: configuration)
                let isCurrent = try queue.read { try schema.isComplete($0) }
                // Only who has something to write takes the lock that writers have.
                if !isCurrent { try queue.write { try schema.migrate($0) } }
                return queue
            }
        }
    }

    private static func configuration(patience: Int) -> Configuration {
        var configuration = Configuration()
        configuration.label = "drydock.store"
        configuration.busyMode = .timeout(Double(patience) / 1_000)
        configuration.prepareDatabase { database in
            // Changes the file only when it is new. GRDB's own setting for this writes to it each time.
            guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                throw DatabaseError(resultCode: .SQLITE_CANTOPEN, message: "its file system has no write-ahead log")
            }
            // A crash of the machine may lose the last transactions, never the file; losing them costs only time.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            // Whoever has changed the file must not get functions run by it, nor rely on cells being what they claim.
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
        }
        return configuration
    }

    /// Tries again while another process creates the database: SQLite does not wait when two change the journal's mode.
    private static func retrying<Result>(patience: Int, _ body: () throws -> Result) throws -> Result {
        let step = 10
        for _ in 0..<(patience / step) {
            do { return try body() } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                usleep(UInt32(step) * 1_000)
            }
        }
        return try body()
    }

    /// Runs `body` in a transaction that only reads, and sees one state of the database.
    ///
    /// - Throws: ``LocalStoreFailure``.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) {
            try queue.read { database in
                try schema.check(database)
                return try body(database)
            }
        }
    }

    /// Runs `body` in a transaction of which all is written or nothing.
    ///
    /// - Throws: ``LocalStoreFailure``.
    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) {
            try queue.write { database in
                // A newer program may have changed the tables since this one opened them.
                try schema.check(database)
                return try body(database)
            }
        }
    }

    /// Gives the room of removed rows back to the file system, if nobody else uses the database now.
    func shrink() {
        // Other readers only put it off; a full disk cannot be helped here.
        try? queue.vacuum()
        _ = try? queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }

    func close() { try? queue.close() }

    /// Turns what SQLite reports into a failure of the store.
    private static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DatabaseError {
            throw LocalStoreFailure(reason(error), path: path)
        } catch let error as StoreSchema.VersionFailure {
            throw LocalStoreFailure(.newerVersion(error.found, known: error.known), path: path)
        } catch is LayerRow.Damage {
            throw LocalStoreFailure(.damaged("it holds something that was not written by drydock"), path: path)
        }
    }

    private static func reason(_ error: DatabaseError) -> LocalStoreFailure.Reason {
        let clause = error.message ?? "SQLite gives code \(error.extendedResultCode.rawValue)"
        return switch error.resultCode {
        // The statements of this program are right, so an error in one says that the tables are not the store's.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_FORMAT, .SQLITE_MISMATCH: .damaged(clause)
        case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
        case .SQLITE_FULL: .full
        default: .refused(clause)
        }
    }
}
