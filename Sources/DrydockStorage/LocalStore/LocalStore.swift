// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import Foundation
import GRDB
import Glibc
import Synchronization

/// What earlier builds found out, kept in a directory: the digest and size of each layer of store paths.
///
/// Store paths never change, so a layer whose key was seen before need not be read to know its diffID. The store is only a
/// memory: without it, or with one that was deleted or damaged, builds take longer and their images are the same. Several
/// processes may use it at once, and one that is killed leaves it whole.
///
/// A database that is damaged anywhere is moved aside and begun anew; ``warnings`` then says so. No layer is ever
/// returned for another key than the one that it was remembered for.
///
/// The functions wait for the disk: call them on a `BlockingPool`. All throw ``LocalStoreFailure``.
public final class LocalStore: Sendable {
    private struct State: Sendable {
        var lock: StoreLock?
        var database: StoreDatabase?
        var warnings: [LocalStoreWarning] = []
    }

    /// The path of the directory.
    public let directory: String
    /// The time, in seconds since 1970.
    public let now: Int64
    private let schema: StoreSchema
    private let patience: Int
    private let state = Mutex(State())

    /// The milliseconds that one process waits for another.
    public static let defaultPatience = 5_000

    /// A store in a directory, which is opened, and created if it is missing, when it is used first.
    ///
    /// - Parameters:
    ///   - directory: The path; its parent is created too, but no more.
    ///   - now: The time, in seconds since 1970.
    ///   - patience: How long to wait for another process, in milliseconds.
    public convenience init(at directory: String, now: Int64, patience: Int = defaultPatience) {
        self.init(at: directory, now: now, patience: patience, laterSteps: [])
    }

    /// A store of a program that knows more steps than this one, as a later version will.
    package init(at directory: String, now: Int64, patience: Int = defaultPatience, laterSteps: [String]) {
        self.directory = directory
        self.now = now
        self.patience = patience
        schema = StoreSchema(steps: StoreSchema.current.steps + laterSteps)
    }

    /// The path of the database.
    public var path: String { directory + "/digests.sqlite" }

    /// Where a damaged database is kept.
    public var damagedPath: String { path + ".damaged" }

    /// Whether there is something in the directory that could be a store.
    public var isPresent: Bool { (try? FileStatus(of: path, followingLinks: false)) != nil }

    /// Makes the directory if it is missing, and requires that files can be made in it.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func requireWritable() throws {
        try StoreDirectory(path: directory).prepare()
        guard unsafe access(directory, W_OK | X_OK) != 0 else { return }
        throw LocalStoreFailure(.system(SystemError("write in", directory, errorNumber: errno)), path: directory)
    }

    /// What has happened to the store so far that a person should know.
    public var warnings: [LocalStoreWarning] { state.withLock(\.warnings) }

    /// What is remembered of some layers; those that are not remembered are not in the result.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func lookup(_ keys: [LayerKey]) throws -> [LayerKey: RememberedLayer] {
        try reading { database in
            let statement = try database.cachedStatement(sql: "SELECT \(LayerRow.columns) FROM layer WHERE key = ?")
            var found: [LayerKey: RememberedLayer] = [:]
            for key in keys {
                guard let row = try Row.fetchOne(statement, arguments: [Data(key.digest.bytes)]) else { continue }
                found[key] = try LayerRow(row, key: key).layer
            }
            return found
        }
    }

    /// Remembers layers, and that a build has used others; nothing is written when there is nothing new to say.
    ///
    /// Called when the image is complete, so that only what was really written is remembered.
    ///
    /// - Parameters:
    ///   - layers: What was found out.
    ///   - used: The keys of remembered layers that were used; this is noted once a day.
    /// - Throws: ``LocalStoreFailure``.
    public func remember(_ layers: [LayerKey: LayerMeasure], used: [LayerKey] = []) throws {
        let stale = try notedBefore(now - Self.day, used)
        guard !layers.isEmpty || !stale.isEmpty else { return }
        try writing { database in
            for (key, measure) in layers.sorted(by: { $0.key.digest.encoded < $1.key.digest.encoded }) {
                try LayerRow.write(key, measure, now: now, to: database)
            }
            let statement = try database.cachedStatement(sql: "UPDATE layer SET used = ? WHERE key = ?")
            for key in stale { try statement.execute(arguments: [now, Data(key.digest.bytes)]) }
        }
    }

    /// Forgets layers of which a build has noticed that what is remembered is not true.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func forget(_ keys: [LayerKey]) throws {
        guard !keys.isEmpty else { return }
        try writing { database in
            let statement = try database.cachedStatement(sql: "DELETE FROM layer WHERE key = ?")
            for key in keys { try statement.execute(arguments: [Data(key.digest.bytes)]) }
        }
    }

    /// The keys of layers that nobody has used since a time.
    private func notedBefore(_ time: Int64, _ keys: [LayerKey]) throws -> [LayerKey] {
        guard !keys.isEmpty else { return [] }
        return try reading { database in
            let statement = try database.cachedStatement(sql: "SELECT 1 FROM layer WHERE key = ? AND used <= ?")
            return try keys.filter { key in
                try Row.fetchOne(statement, arguments: [Data(key.digest.bytes), time]) != nil
            }
        }
    }

    private static let day: Int64 = 86_400
}

extension LocalStore {
    /// Runs `body` on the database, in a transaction that only reads.
    func reading<Result: Sendable>(_ body: (Database) throws -> Result) throws -> Result {
        try usingDatabase { try $0.read(body) }
    }

    /// Runs `body` on the database, in a transaction of which all is written or nothing.
    func writing<Result: Sendable>(_ body: (Database) throws -> Result) throws -> Result {
        try usingDatabase { try $0.write(body) }
    }

    /// Runs `body` on the open database; if that proves to be damaged, once more on an empty one.
    func usingDatabase<Result: Sendable>(_ body: (StoreDatabase) throws -> Result) throws -> Result {
        try state.withLock { state in
            do {
                return try body(try opened(&state))
            } catch let failure as LocalStoreFailure where failure.isDamage {
                try beginAnew(&state)
                return try body(try opened(&state))
            }
        }
    }

    private func opened(_ state: inout State) throws -> StoreDatabase {
        if let database = state.database { return database }
        try StoreDirectory(path: directory).prepare()
        if state.lock == nil { state.lock = try StoreLock(path: directory + "/digests.lock", patience: patience) }
        // A pipe would make SQLite wait for ever, and a link could lead out of a directory that is our own.
        if let status = try? FileStatus(of: path, followingLinks: false), status.kind != .regular {
            throw LocalStoreFailure(.notRegularFile, path: path)
        }
        let database = try StoreDatabase(path: path, schema: schema, patience: patience)
        state.database = database
        return database
    }

    /// Moves the database aside, unless another process has done so already.
    private func beginAnew(_ state: inout State) throws {
        let damaged = try? FileStatus(of: path, followingLinks: false).identity
        state.database?.close()
        state.database = nil
        guard let lock = state.lock, try lock.takeAlone() else {
            // Open again when it is used again: then the others may have ended.
            state.lock = nil
            throw LocalStoreFailure(.damagedInUse, path: path)
        }
        if let damaged, damaged == (try? FileStatus(of: path, followingLinks: false).identity) {
            guard unsafe rename(path, damagedPath) == 0 else {
                throw LocalStoreFailure(.system(SystemError("rename", path, errorNumber: errno)), path: path)
            }
            // The log belongs to what was moved; SQLite itself would take it for the new database's.
            for suffix in ["-wal", "-shm"] { _ = unsafe unlink(path + suffix) }
            state.warnings.append(.begunAnew(path: path, damaged: damagedPath))
        }
        try lock.share(patience: patience)
    }
}
