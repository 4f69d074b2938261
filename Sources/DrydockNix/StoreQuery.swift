// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import GRDB

/// What one row of `ValidPaths` says.
struct StoreRow {
    let id: Int64
    /// Without its references, which are rows of another table.
    let object: StoreObject
}

/// Questions to one committed state of a store's database.
struct StoreQuery {
    private let database: Database
    private let file: DatabaseFile
    private let storeDirectory: String

    init(_ database: Database, file: DatabaseFile, storeDirectory: String) {
        self.database = database
        self.file = file
        self.storeDirectory = storeDirectory
    }

    /// The columns that are read, in the order of the `SELECT` below.
    private static let columns = ["id", "path", "hash", "narSize", "deriver", "ultimate", "sigs", "ca"]
    private static let select = "SELECT \(columns.joined(separator: ", ")) FROM ValidPaths"

    /// Checks that the tables have the columns that are read.
    func requireColumns() throws {
        for (table, columns) in [("ValidPaths", Self.columns), ("Refs", ["referrer", "reference"])] {
            // A view could be made to compute for ever, so it does not count.
            let sql = """
                SELECT info.name FROM sqlite_master AS object, pragma_table_info(object.name) AS info
                WHERE object.type = 'table' AND object.name = ?
                """
            let found = try Set(String.fetchAll(database, sql: sql, arguments: [table]))
            let missing = found.isEmpty ? [] : columns.filter { !found.contains($0) }
            guard !found.isEmpty, missing.isEmpty else {
                throw failure(.missingColumns(table: table, columns: missing))
            }
        }
    }

    /// The row of a path.
    func row(at path: StorePath) throws -> StoreRow? {
        let statement = try database.cachedStatement(sql: Self.select + " WHERE path = ?")
        return try Row.fetchOne(statement, arguments: [path.description]).map(decode)
    }

    /// The path with a hash part.
    func path(with part: HashPart) throws -> StorePath? {
        let prefix = storeDirectory + "/" + String(decoding: part.bytes, as: UTF8.self) + "-"
        let statement = try database.cachedStatement(
            sql: "SELECT path FROM ValidPaths WHERE path >= ? ORDER BY path LIMIT 1"
        )
        guard let text = try String.fetchOne(statement, arguments: [prefix]), text.utf8.starts(with: prefix.utf8) else {
            return nil
        }
        return try? StorePath(text, storeDirectory: storeDirectory)
    }

    /// All rows by number.
    func allRows() throws -> [Int64: StoreRow] {
        var rows: [Int64: StoreRow] = [:]
        let cursor = try Row.fetchCursor(database, sql: Self.select)
        while let row = try cursor.next() {
            let decoded = try decode(row)
            rows[decoded.id] = decoded
        }
        return rows
    }

    /// The numbers of the rows that a row refers to.
    func references(of row: StoreRow) throws -> [Int64] {
        let statement = try database.cachedStatement(sql: "SELECT reference FROM Refs WHERE referrer = ?")
        return try Int64.fetchAll(statement, arguments: [row.id])
    }

    /// The path of the row with a number.
    func path(of id: Int64, referrer: StoreRow) throws -> StorePath {
        try self.row(id, referrer: referrer).object.path
    }

    private func row(_ id: Int64, referrer: StoreRow) throws -> StoreRow {
        let statement = try database.cachedStatement(sql: Self.select + " WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            throw failure(.danglingReference(referrer.object.path))
        }
        return try decode(row)
    }

    /// The rows and everything that they refer to.
    func closure(of roots: [Int64: StoreRow]) throws -> StoreClosure {
        var rows = roots
        var references: [Int64: [Int64]] = [:]
        // In a fixed order, so that of several faults always the same one is reported.
        var pending = roots.keys.sorted()
        while let id = pending.popLast() {
            guard references[id] == nil, let row = rows[id] else { continue }
            let targets = try self.references(of: row)
            references[id] = targets
            for target in targets where rows[target] == nil {
                rows[target] = try self.row(target, referrer: row)
                pending.append(target)
            }
        }
        let objects = rows.map { id, row in
            var object = row.object
            object.references = (references[id] ?? []).compactMap { rows[$0]?.object.path }.sorted()
            return object
        }
        return try StoreClosure(objects)
    }

    private func decode(_ row: Row) throws -> StoreRow {
        let path = try value(row, 1) { try? StorePath($0, storeDirectory: storeDirectory) }
        let hash = try value(row, 2) { try? Digest($0) }
        let narSize = try value(row, 3) { Int64($0).flatMap { $0 < 0 ? nil : $0 } }
        let object = StoreObject(
            path: path,
            narHash: hash,
            narSize: narSize,
            deriver: text(row, 4),
            signatures: text(row, 6)?.split(separator: " ").map(String.init) ?? [],
            isUltimate: text(row, 5) == "1",
            contentAddress: text(row, 7)
        )
        return StoreRow(id: try value(row, 0, parse: Int64.init), object: object)
    }

    private func value<Value>(_ row: Row, _ index: Int, parse: (String) -> Value?) throws -> Value {
        let text = text(row, index)
        guard let value = text.flatMap(parse) else {
            throw failure(.malformedValue(text ?? "NULL", column: Self.columns[index]))
        }
        return value
    }

    /// What a column holds, of whatever type it is: SQLite lets any value stand in any column.
    private func text(_ row: Row, _ index: Int) -> String? {
        let value: DatabaseValue = row[index]
        return switch value.storage {
        case .null: nil
        case .int64(let integer): String(integer)
        case .double(let double): String(double)
        case .string(let string): string
        case .blob: "a blob"
        }
    }

    private func failure(_ reason: StoreDatabaseFailure.Reason) -> StoreDatabaseFailure {
        StoreDatabaseFailure(reason, file: file.path)
    }
}
