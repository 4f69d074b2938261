// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The database in which Nix registers the valid objects of a store, opened for reading only.
///
/// Nix may write to it at the same time: every call reads one state of it, as it was committed. Where the directory of
/// the database cannot be written, SQLite can take no part in its locking; then the file is read as it is, if nothing
/// waits in a log beside it, and read again if somebody changed it meanwhile. Like every reader, an open database may
/// leave an empty `-wal` file and a `-shm` file beside it.
///
/// Calls block; they may come from several threads and then wait for each other.
public struct StoreDatabase: Sendable {
    /// The version of the schema that this program knows, which Nix has had since 2.0.
    public static let schemaVersion = 10

    /// How often a file that cannot be locked is read before it counts as always changing.
    private static let attempts = 5

    /// The database's file.
    public var path: String { file.path }
    /// The directory of the paths that are registered, whatever directory they really lie in.
    public let storeDirectory: String

    private let file: DatabaseFile
    private let busyTimeout: Double
    /// Nil where the directory cannot be written, and each call opens the file anew.
    private let connection: DatabaseQueue?

    /// Opens the database of a Nix installation.
    ///
    /// - Parameters:
    ///   - stateDirectory: Where Nix keeps what it knows; `/mnt/nix/var/nix` for the store below `/mnt`.
    ///   - storeDirectory: The directory of the paths that are registered.
    ///   - busyTimeout: How many seconds to wait for another process that has locked the database.
    /// - Throws: ``StoreDatabaseFailure``.
    public init(
        stateDirectory: String = "/nix/var/nix",
        storeDirectory: String = StorePath.defaultStoreDirectory,
        busyTimeout: Double = 10
    ) throws {
        let file = DatabaseFile(path: stateDirectory + "/db/db.sqlite")
        try file.requireReadable()
        try file.requireSchema(Self.schemaVersion)
        try self.init(file: file, storeDirectory: storeDirectory, busyTimeout: busyTimeout)
    }

    /// Opens a database file without a schema file beside it, for example one taken out of an image.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - storeDirectory: The directory of the paths that are registered.
    ///   - busyTimeout: How many seconds to wait for another process that has locked the database.
    /// - Throws: ``StoreDatabaseFailure``.
    public init(
        file path: String,
        storeDirectory: String = StorePath.defaultStoreDirectory,
        busyTimeout: Double = 10
    ) throws {
        let file = DatabaseFile(path: path)
        try file.requireReadable()
        try self.init(file: file, storeDirectory: storeDirectory, busyTimeout: busyTimeout)
    }

    private init(file: DatabaseFile, storeDirectory: String, busyTimeout: Double) throws {
        self.file = file
        self.storeDirectory = storeDirectory
        self.busyTimeout = busyTimeout
        connection = try Self.open(file, busyTimeout: busyTimeout)
        try read { try $0.requireColumns() }
    }

    /// A connection that takes part in the locking; nil if that needs rights that this process does not have.
    private static func open(_ file: DatabaseFile, busyTimeout: Double) throws -> DatabaseQueue? {
        do {
            let connection = try DatabaseQueue(path: file.path, configuration: configuration(busyTimeout))
            // SQLite looks at the log, and needs its index, only at the first read.
            try connection.read { _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
            return connection
        } catch let error as DatabaseError where isMissingRight(error) {
            return nil
        } catch let error as DatabaseError {
            throw StoreDatabaseFailure(error, file: file, busyTimeout: busyTimeout)
        }
    }

    private static func configuration(_ busyTimeout: Double) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(busyTimeout)
        configuration.label = "Nix store database"
        // The file may come from an image that nobody vouches for.
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        }
        return configuration
    }

    private static func isMissingRight(_ error: DatabaseError) -> Bool {
        let code = error.resultCode.primaryResultCode
        return code == .SQLITE_CANTOPEN || code == .SQLITE_READONLY
    }

    /// Calls `body` with one committed state of the database.
    func read<Result>(_ body: (StoreQuery) throws -> Result) throws -> Result {
        do {
            guard let connection else { return try readUnlocked(body) }
            return try connection.read { try body(StoreQuery($0, file: file, storeDirectory: storeDirectory)) }
        } catch let error as DatabaseError {
            throw StoreDatabaseFailure(error, file: file, busyTimeout: busyTimeout)
        } catch let error as RowDecodingError {
            throw StoreDatabaseFailure(.corrupt("\(error)"), file: file.path)
        }
    }

    /// Reads the file as if nobody could change it, and again if somebody did.
    private func readUnlocked<Result>(_ body: (StoreQuery) throws -> Result) throws -> Result {
        for _ in 0..<Self.attempts {
            let before = try file.state()
            try file.requireComplete()
            let outcome = Swift.Result {
                let name = file.immutableName
                let connection = try DatabaseQueue(path: name, configuration: Self.configuration(busyTimeout))
                return try connection.read { try body(StoreQuery($0, file: file, storeDirectory: storeDirectory)) }
            }
            // An error counts as little as a result when pages of two states were read.
            if try file.state() == before { return try outcome.get() }
        }
        throw StoreDatabaseFailure(.changing, file: file.path)
    }
}

extension StoreDatabase {
    /// What is registered of a store object.
    ///
    /// - Returns: nil if the path is not registered, that is, not valid.
    /// - Throws: ``StoreDatabaseFailure``.
    public func object(at path: StorePath) throws -> StoreObject? {
        try read { query in
            guard let row = try query.row(at: path) else { return nil }
            var object = row.object
            object.references = try query.references(of: row).map { try query.path(of: $0, referrer: row) }.sorted()
            return object
        }
    }

    /// Store objects with everything that they refer to.
    ///
    /// Files are not looked at. 10,000 objects take well under a second.
    ///
    /// - Throws: ``StoreDatabaseFailure``, also when a root is not registered.
    public func closure(of roots: [StorePath]) throws -> StoreClosure {
        try read { query in
            var rows: [Int64: StoreRow] = [:]
            for root in roots {
                guard let row = try query.row(at: root) else {
                    throw StoreDatabaseFailure(.unregistered(root), file: file.path)
                }
                rows[row.id] = row
            }
            return try query.closure(of: rows)
        }
    }

    /// Those of the registered paths that have one of these hash parts.
    ///
    /// - Throws: ``StoreDatabaseFailure``.
    public func paths(withHashParts parts: some Sequence<HashPart>) throws -> [StorePath] {
        try read { query in try parts.compactMap(query.path) }
    }

    /// Everything that is registered.
    ///
    /// - Throws: ``StoreDatabaseFailure``.
    public func everything() throws -> StoreClosure {
        try read { try $0.closure(of: $0.allRows()) }
    }
}

extension StoreDatabaseFailure {
    init(_ error: DatabaseError, file: DatabaseFile, busyTimeout: Double) {
        let message = error.message ?? "\(error.resultCode)"
        let reason: Reason =
            switch error.resultCode.primaryResultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: .locked(seconds: busyTimeout)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt(message)
            default: .other(message)
            }
        self.init(reason, file: file.path)
    }
}
