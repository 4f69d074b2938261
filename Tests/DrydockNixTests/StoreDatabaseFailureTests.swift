// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockTestSupport
import Foundation
import GRDB
import Testing

/// Databases that cannot be read, or not by everyone.
@Suite
struct StoreDatabaseFailureTests {
    private static let path = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x"

    /// A state directory with a database that this package wrote, so that no Nix is needed.
    private func withState(
        objects: Int = 1,
        _ body: (_ state: String, _ file: String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            try SampleClosure.chain(of: objects).write(to: directory)
            try await body(directory, directory + "/db/db.sqlite")
        }
    }

    private func expectFailure(_ text: String, _ body: () throws -> Void) {
        let failure = #expect(throws: StoreDatabaseFailure.self) { try body() }
        #expect(failure?.description == text)
    }

    @Test
    func `a missing database is named`() throws {
        expectFailure("The Nix store has no database: '/nonexistent/db/db.sqlite' does not exist") {
            _ = try StoreDatabase(stateDirectory: "/nonexistent")
        }
    }

    struct SchemaCase: CustomTestStringConvertible {
        let schema: String?
        let text: String

        var testDescription: String { schema ?? "none" }
    }

    @Test(arguments: [
        SchemaCase(
            schema: "11",
            text: "has another schema version: expected 10, got 11\n"
                + "hint: use a newer drydock, or give the closure as a references graph"
        ),
        SchemaCase(
            schema: "9\n",
            text: "has another schema version: expected 10, got 9\n"
                + "hint: let a present Nix open the store once, which upgrades it"
        ),
        SchemaCase(
            schema: "ten",
            text: "has no schema version: expected a number in 'schema' beside it, got 'ten'"
        ),
        SchemaCase(schema: nil, text: "has no schema version: 'schema' is missing beside it"),
    ])
    func `another schema is refused`(example: SchemaCase) async throws {
        try await withState { state, file in
            try FileManager.default.removeItem(atPath: state + "/db/schema")
            try example.schema?.write(toFile: state + "/db/schema", atomically: true, encoding: .utf8)
            expectFailure("The Nix database '\(file)' \(example.text)") {
                _ = try StoreDatabase(stateDirectory: state)
            }
        }
    }

    struct ChangeCase: CustomTestStringConvertible {
        let sql: String
        let text: String

        var testDescription: String { sql }
    }

    @Test(arguments: [
        ChangeCase(
            sql: "ALTER TABLE ValidPaths DROP COLUMN ca; ALTER TABLE ValidPaths DROP COLUMN sigs",
            text: "The Nix database 'FILE' lacks columns of the table 'ValidPaths': 'sigs', 'ca'"
        ),
        ChangeCase(sql: "DROP TABLE Refs", text: "The Nix database 'FILE' has no table 'Refs'"),
        ChangeCase(
            sql: "CREATE VIEW Other AS SELECT 1 AS referrer, 1 AS reference; DROP TABLE Refs; "
                + "CREATE VIEW Refs AS SELECT * FROM Other",
            text: "The Nix database 'FILE' has no table 'Refs'"
        ),
        ChangeCase(
            sql: "UPDATE ValidPaths SET path = '/nix/store/x'",
            text: "The Nix database 'FILE' has '/nix/store/x' in the column 'path', which Nix does not write there\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
        ChangeCase(
            sql: "UPDATE ValidPaths SET hash = 'md5:' || char(27)",
            text: "The Nix database 'FILE' has 'md5:\\u{1b}' in the column 'hash', which Nix does not write there\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
        ChangeCase(
            sql: "UPDATE ValidPaths SET narSize = NULL",
            text: "The Nix database 'FILE' has 'NULL' in the column 'narSize', which Nix does not write there\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
        ChangeCase(
            sql: "UPDATE ValidPaths SET narSize = -1",
            text: "The Nix database 'FILE' has '-1' in the column 'narSize', which Nix does not write there\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
        ChangeCase(
            sql: "UPDATE ValidPaths SET hash = x'00ff'",
            text: "The Nix database 'FILE' has 'a blob' in the column 'hash', which Nix does not write there\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
        ChangeCase(
            sql: "PRAGMA foreign_keys = OFF; INSERT INTO Refs VALUES (1, 99)",
            text: "The Nix database 'FILE' does not know what \(path) refers to\n"
                + "hint: check the store with 'nix-store --verify'"
        ),
    ])
    func `what Nix does not write is refused`(example: ChangeCase) async throws {
        try await withState { state, file in
            let connection = try DatabaseQueue(path: file)
            try await connection.writeWithoutTransaction { try $0.execute(sql: example.sql) }
            try connection.close()
            expectFailure(example.text.replacing("FILE", with: file)) {
                _ = try StoreDatabase(stateDirectory: state).everything()
            }
        }
    }

    @Test
    func `a locked database is waited for, but not for ever`() async throws {
        try await withState { state, file in
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let connection = try DatabaseQueue(path: file, configuration: configuration)
            try await connection.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            expectFailure(
                "The Nix database '\(file)' is locked: another process did not release it within 0.05 seconds\n"
                    + "hint: try again when that process has finished"
            ) {
                _ = try StoreDatabase(stateDirectory: state, busyTimeout: 0.05)
            }
            try await connection.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            #expect(try StoreDatabase(stateDirectory: state, busyTimeout: 0.05).everything().objects.count == 1)
        }
    }

    struct DamageCase: CustomTestStringConvertible {
        let testDescription: String
        let message: String
        let damage: @Sendable (inout Data) -> Void
    }

    @Test(arguments: [
        DamageCase(testDescription: "truncated", message: "database disk image is malformed") { data in
            data = data.prefix(40_960)
        },
        DamageCase(testDescription: "pages overwritten", message: "database disk image is malformed") { data in
            for index in 8192..<data.count { data[index] = 0xFF }
        },
        DamageCase(testDescription: "another file", message: "file is not a database") { data in
            data = Data(repeating: 65, count: 8192)
        },
    ])
    func `a corrupt database is refused`(example: DamageCase) async throws {
        try await withState(objects: 500) { state, file in
            let url = URL(fileURLWithPath: file)
            var data = try Data(contentsOf: url)
            example.damage(&data)
            try data.write(to: url)
            expectFailure(
                "The Nix database '\(file)' is corrupt: \(example.message)\n"
                    + "hint: restore it from a backup, or give the closure as a references graph"
            ) {
                _ = try StoreDatabase(stateDirectory: state).everything()
            }
        }
    }

    @Test
    func `an empty file has no table`() async throws {
        try await withState { state, file in
            try Data().write(to: URL(fileURLWithPath: file))
            expectFailure("The Nix database '\(file)' has no table 'ValidPaths'") {
                _ = try StoreDatabase(stateDirectory: state)
            }
        }
    }

    @Test
    func `a directory in place of the file is refused`() async throws {
        try await withState { state, file in
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            expectFailure("Cannot read the Nix database '\(file)': it is not a regular file") {
                _ = try StoreDatabase(stateDirectory: state)
            }
        }
    }
}
