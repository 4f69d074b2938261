// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import GRDB
import GRDBSQLite

/// Writes the database in which Nix registers a closure.
///
/// Equal closures give equal bytes: rows are in the order of the paths, and what SQLite notes of itself and of the
/// history of a file is made constant. Nix 2.0 and newer read it; they switch it to a write-ahead log when they open it.
public enum StoreDatabaseEncoder: Sendable {
    /// The content of the file `schema`, which Nix wants beside the database; it has no line break at its end.
    public static let schemaFile = Array(String(StoreDatabase.schemaVersion).utf8)

    /// Why a closure cannot be registered.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// Nix registers no object without the hash of its NAR.
        case unknownHash(StorePath)
        /// SQLite failed, for want of memory.
        case failed(String)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .unknownHash(let path): "Cannot register \(path) in a Nix database: its NAR hash is not known"
            case .failed(let message): "Cannot make a Nix database: \(message)"
            }
        }
    }

    /// The bytes of a database file.
    ///
    /// Derivations are registered without the paths of their outputs, which Nix reads from the derivations themselves
    /// where it needs them.
    ///
    /// - Parameters:
    ///   - closure: What is to be registered; each object with its NAR hash.
    ///   - registrationTime: The time at which all objects count as registered, in seconds since 1970.
    /// - Returns: The content of `db.sqlite`, whole pages.
    /// - Throws: ``Failure``.
    public static func encode(_ closure: StoreClosure, registrationTime: Int64) throws -> [UInt8] {
        if let object = closure.objects.first(where: { $0.narHash == nil }) { throw Failure.unknownHash(object.path) }
        do {
            let connection = try DatabaseQueue(configuration: configuration)
            try connection.write { database in
                try database.execute(sql: schema)
                try insert(closure, registrationTime: registrationTime, into: database)
            }
            // Rewrites each table and index in its order, which no longer depends on how the rows came in.
            try connection.vacuum()
            return try normalized(connection.unsafeRead(serialized))
        } catch let error as DatabaseError {
            throw Failure.failed(error.message ?? "\(error.resultCode)")
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // Builds of SQLite differ in what they assume of these. `secure_delete` fills unused places with zeros.
            try database.execute(
                sql: """
                    PRAGMA page_size = 4096;
                    PRAGMA encoding = 'UTF-8';
                    PRAGMA auto_vacuum = NONE;
                    PRAGMA legacy_file_format = OFF;
                    PRAGMA secure_delete = ON;
                    """
            )
        }
        return configuration
    }

    /// What Nix expects to find: names and order of the columns, constraints, indices and the trigger.
    private static let schema = """
        CREATE TABLE ValidPaths (
            id integer primary key autoincrement not null,
            path text unique not null,
            hash text not null,
            registrationTime integer not null,
            deriver text,
            narSize integer,
            ultimate integer,
            sigs text,
            ca text
        );
        CREATE TABLE Refs (
            referrer integer not null,
            reference integer not null,
            primary key (referrer, reference),
            foreign key (referrer) references ValidPaths(id) on delete cascade,
            foreign key (reference) references ValidPaths(id) on delete restrict
        );
        CREATE INDEX IndexReferrer ON Refs(referrer);
        CREATE INDEX IndexReference ON Refs(reference);
        CREATE TRIGGER DeleteSelfRefs BEFORE DELETE ON ValidPaths
            BEGIN
                DELETE FROM Refs WHERE referrer = old.id AND reference = old.id;
            END;
        CREATE TABLE DerivationOutputs (
            drv integer not null,
            id text not null,
            path text not null,
            primary key (drv, id),
            foreign key (drv) references ValidPaths(id) on delete cascade
        );
        CREATE INDEX IndexDerivationOutputs ON DerivationOutputs(path);
        """

    private static func insert(
        _ closure: StoreClosure,
        registrationTime: Int64,
        into database: Database
    ) throws {
        let columns = "path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca"
        let row = try database.makeStatement(sql: "INSERT INTO ValidPaths (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        var numbers: [StorePath: Int64] = [:]
        for object in closure.objects {
            // What Nix itself leaves NULL is NULL here too.
            try row.execute(arguments: [
                object.path.description, object.narHash?.description, registrationTime, object.deriver,
                object.narSize, object.isUltimate ? 1 : nil,
                object.signatures.isEmpty ? nil : object.signatures.joined(separator: " "), object.contentAddress,
            ])
            numbers[object.path] = database.lastInsertedRowID
        }
        let reference = try database.makeStatement(sql: "INSERT INTO Refs (referrer, reference) VALUES (?, ?)")
        for object in closure.objects {
            let targets = Set(object.references).compactMap { numbers[$0] }.sorted()
            for target in targets { try reference.execute(arguments: [numbers[object.path], target]) }
        }
    }

    private static func serialized(_ database: Database) throws -> [UInt8] {
        var size: Int64 = 0
        guard let bytes = unsafe sqlite3_serialize(database.sqliteConnection, "main", &size, 0) else {
            throw Failure.failed("out of memory")
        }
        // Because the copy belongs to the caller, who frees it as SQLite allocated it.
        defer { unsafe sqlite3_free(bytes) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(size)))
    }

    /// Makes those fields of the header constant that tell of the file's history and of the library that wrote it.
    ///
    /// [SQLite, Database File Format, 1.3](https://www.sqlite.org/fileformat2.html#the_database_header).
    private static func normalized(_ file: [UInt8]) -> [UInt8] {
        var file = file
        for field in HeaderField.allCases {
            for index in 0..<4 {
                file[field.rawValue + index] = UInt8(truncatingIfNeeded: field.value >> (24 - 8 * index))
            }
        }
        return file
    }

    /// A field of the header, four bytes with the highest first, at the offset that is its raw value.
    private enum HeaderField: Int, CaseIterable {
        case changeCounter = 24
        case schemaCookie = 40
        case versionValidFor = 92
        case libraryVersion = 96

        var value: UInt32 {
            switch self {
            // Equal to the next one, which says that the number of pages in the header is to be trusted.
            case .changeCounter, .versionValidFor, .schemaCookie: 1
            // SQLite 3.38.5, as the first Nix with this schema used it or a newer one; only tools for repair look at it.
            case .libraryVersion: 3_038_005
            }
        }
    }
}
