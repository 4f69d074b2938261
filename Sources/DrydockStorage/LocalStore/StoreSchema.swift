// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of the store and how older ones become them.
///
/// The version is SQLite's `user_version`: the number of steps that were taken. A step is never changed once a release
/// has it; what comes later is a further step.
struct StoreSchema: Sendable {
    /// The statements of each step.
    let steps: [String]

    /// The version that this program reads and writes.
    var version: Int64 { Int64(steps.count) }

    /// What this program knows.
    static let current = StoreSchema(steps: [
        """
        CREATE TABLE layer (
            key BLOB NOT NULL PRIMARY KEY,
            diff_id BLOB NOT NULL,
            size INTEGER NOT NULL,
            recipe BLOB NOT NULL,
            created INTEGER NOT NULL,
            used INTEGER NOT NULL,
            checksum BLOB NOT NULL
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE compressed (
            diff_id BLOB NOT NULL,
            codec TEXT NOT NULL,
            digest BLOB NOT NULL,
            size INTEGER NOT NULL,
            tar_size INTEGER NOT NULL,
            PRIMARY KEY (diff_id, codec)
        ) WITHOUT ROWID;
        CREATE TABLE place (
            digest BLOB NOT NULL,
            registry TEXT NOT NULL,
            repository TEXT NOT NULL,
            seen INTEGER NOT NULL,
            PRIMARY KEY (digest, registry, repository)
        ) WITHOUT ROWID;
        """,
        // Cheap checksums of the tar; NULL in rows of older programs, which did not compute them.
        "ALTER TABLE layer ADD COLUMN tar_checksum INTEGER;",
    ])

    /// SQLite's `application_id` of the store, `DRYD` in ASCII: says that a database is one.
    static let applicationID: Int64 = 0x4452_5944

    /// Requires the version that this program knows.
    ///
    /// - Throws: ``VersionFailure`` for a newer one.
    func check(_ database: Database) throws {
        let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if found > version { throw VersionFailure(found: found, known: version) }
    }

    /// Whether a database is a store and has every table.
    ///
    /// - Throws: ``VersionFailure`` for a newer one.
    func isComplete(_ database: Database) throws -> Bool {
        try check(database)
        return try Int64.fetchOne(database, sql: "PRAGMA user_version") == version
            && Int64.fetchOne(database, sql: "PRAGMA application_id") == Self.applicationID
    }

    /// Takes the steps that are missing, in one transaction.
    ///
    /// - Throws: ``VersionFailure`` for a newer version; ``LayerRow/Damage`` for a database that is not a store.
    func migrate(_ database: Database) throws {
        try check(database)
        let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tables = try Int64.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        let isNew = found == 0 && tables == 0
        guard isNew || (application == Self.applicationID && found > 0) else { throw LayerRow.Damage() }
        for step in steps.dropFirst(Int(found)) { try database.execute(sql: step) }
        try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// A store that a newer program has written.
    struct VersionFailure: Error {
        let found: Int64
        let known: Int64
    }
}
