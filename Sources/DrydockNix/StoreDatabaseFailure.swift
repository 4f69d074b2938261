// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import Glibc

/// Why the database of a Nix store does not say what was asked of it.
public struct StoreDatabaseFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// There is no database.
        case missing
        /// The system does not let it be read, for the reason with this error number.
        case unreadable(errorNumber: Int32)
        /// Its schema file is missing or does not hold a number; the text is what it holds.
        case malformedSchema(String?)
        /// Its schema is one that this program does not know.
        case unsupportedSchema(Int)
        /// A table lacks these columns, or is not there at all.
        case missingColumns(table: String, columns: [String])
        /// Another process kept it locked for so many seconds.
        case locked(seconds: Double)
        /// SQLite finds it damaged; the text is what SQLite says.
        case corrupt(String)
        /// The file of this suffix holds changes that must first be recovered, and its directory cannot be written.
        case unrecovered(suffix: String)
        /// It was changed each time that it was read, and its directory cannot be written to lock it.
        case changing
        /// A path is not registered.
        case unregistered(StorePath)
        /// What a row has in a column is not what Nix writes there.
        case malformedValue(String, column: String)
        /// A registered object refers to a row that is not there.
        case danglingReference(StorePath)
        /// Anything else that SQLite says.
        case other(String)
    }

    /// What is wrong.
    public let reason: Reason
    /// The database's file.
    public let file: String

    package init(_ reason: Reason, file: String) {
        self.reason = reason
        self.file = file
    }

    /// One sentence for the person, and what usually helps.
    public var description: String {
        switch reason {
        case .missing: "The Nix store has no database: '\(file)' does not exist"
        case .unreadable(let number): "Cannot read the Nix database '\(file)': \(Self.text(of: number))"
        case .malformedSchema, .unsupportedSchema, .missingColumns: schemaText
        case .locked, .corrupt, .unrecovered, .changing: conditionText
        case .unregistered(let path): "\(path) is not valid: the Nix database '\(file)' does not know it"
        case .malformedValue(let value, let column):
            "The Nix database '\(file)' has '\(value.clippedForMessage)' in the column '\(column)', which Nix does not write there"
                + Self.verifyHint
        case .danglingReference(let path):
            "The Nix database '\(file)' does not know what \(path) refers to" + Self.verifyHint
        case .other(let message): "Cannot read the Nix database '\(file)': \(message)"
        }
    }

    private var schemaText: String {
        switch reason {
        case .malformedSchema(nil): "The Nix database '\(file)' has no schema version: 'schema' is missing beside it"
        case .malformedSchema(let text?):
            "The Nix database '\(file)' has no schema version: expected a number in 'schema' beside it, "
                + "got '\(text.clippedForMessage)'"
        case .unsupportedSchema(let version):
            "The Nix database '\(file)' has another schema version: expected \(StoreDatabase.schemaVersion), "
                + "got \(version)"
                + (version > StoreDatabase.schemaVersion
                    ? "\nhint: use a newer drydock, or give the closure as a references graph"
                    : "\nhint: let a present Nix open the store once, which upgrades it")
        case .missingColumns(let table, let columns):
            columns.isEmpty
                ? "The Nix database '\(file)' has no table '\(table)'"
                : "The Nix database '\(file)' lacks columns of the table '\(table)': "
                    + columns.map { "'\($0)'" }.joined(separator: ", ")
        default: ""
        }
    }

    private var conditionText: String {
        switch reason {
        case .locked(let seconds):
            "The Nix database '\(file)' is locked: another process did not release it within \(seconds) seconds"
                + "\nhint: try again when that process has finished"
        case .corrupt(let message):
            "The Nix database '\(file)' is corrupt: \(message)"
                + "\nhint: restore it from a backup, or give the closure as a references graph"
        case .unrecovered(let suffix):
            "Cannot read the Nix database '\(file)': '\(file)\(suffix)' holds changes that are not in it yet, and "
                + "its directory cannot be written"
                + "\nhint: let Nix open the store once where it can be written"
        case .changing:
            "Cannot read the Nix database '\(file)': it changes all the time, and its directory cannot be written to lock it"
                + "\nhint: try again when Nix has finished, or as a user who may write there"
        default: ""
        }
    }

    private static let verifyHint = "\nhint: check the store with 'nix-store --verify'"

    private static func text(of errorNumber: Int32) -> String {
        let words = unsafe String(cString: strerror(errorNumber))
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
