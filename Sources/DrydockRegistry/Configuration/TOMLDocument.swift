// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// A document in [TOML 1.0](https://toml.io/en/v1.0.0), as far as settings for registries need it.
///
/// Tables become objects, and arrays of tables arrays of them. Numbers, dates and times are skipped: they become `null`.
/// Own code because the library there is, TOMLKit 0.6.0, aborts the program on some texts that are not TOML.
enum TOMLDocument {
    /// Why a text is not TOML.
    struct Failure: Error, Equatable {
        let reason: String
        let line: Int
        let column: Int
    }

    /// How deep keys, arrays and inline tables may be nested.
    static let depthLimit = 32

    /// Reads a document.
    static func parse(_ text: String) throws(Failure) -> JSONValue {
        var parser = TOMLParser(text)
        return try parser.document()
    }
}

/// A table while the document is read: later lines add to it.
private final class TOMLTable {
    enum Value {
        case plain(JSONValue)
        case table(TOMLTable)
        case tables([TOMLTable])
    }

    var members: [String: Value] = [:]
    /// Whether a header has named it, which may happen once.
    var hasHeader = false

    var json: JSONValue {
        .object(
            members.mapValues { value in
                switch value {
                case .plain(let value): value
                case .table(let table): table.json
                case .tables(let tables): .array(tables.map(\.json))
                }
            }
        )
    }

    /// The table at a path below this one, made if it is not there; of an array of tables the last one.
    ///
    /// - Returns: nil if something else is there.
    func table(at path: some Sequence<String>) -> TOMLTable? {
        var table = self
        for key in path {
            switch table.members[key] {
            case nil:
                let next = TOMLTable()
                table.members[key] = .table(next)
                table = next
            case .table(let next): table = next
            case .tables(let all):
                guard let last = all.last else { return nil }
                table = last
            case .plain: return nil
            }
        }
        return table
    }
}

private struct TOMLParser {
    private var cursor: TOMLCursor
    private let root = TOMLTable()

    init(_ text: String) { cursor = TOMLCursor(text) }

    mutating func document() throws(TOMLDocument.Failure) -> JSONValue {
        var table = root
        while true {
            cursor.skipBlankLines()
            guard let next = cursor.peek else { return root.json }
            if next == "[" { table = try header() } else { try member(of: table) }
            try cursor.endLine()
        }
    }

    private mutating func header() throws(TOMLDocument.Failure) -> TOMLTable {
        cursor.advance()
        let isArray = cursor.take("[")
        let path = try keyPath()
        try cursor.expect("]")
        if isArray { try cursor.expect("]") }
        guard let parent = root.table(at: path.dropLast()), let key = path.last else {
            throw cursor.failure("a key is used twice")
        }
        guard isArray else {
            guard let table = parent.table(at: [key]), !table.hasHeader else {
                throw cursor.failure("a key is used twice")
            }
            table.hasHeader = true
            return table
        }
        let table = TOMLTable()
        switch parent.members[key] {
        case nil: parent.members[key] = .tables([table])
        case .tables(let tables): parent.members[key] = .tables(tables + [table])
        default: throw cursor.failure("a key is used twice")
        }
        return table
    }

    private mutating func member(of table: TOMLTable) throws(TOMLDocument.Failure) {
        let path = try keyPath()
        try cursor.expect("=")
        let value = try value(depth: 0)
        guard let parent = table.table(at: path.dropLast()), let key = path.last, parent.members[key] == nil else {
            throw cursor.failure("a key is used twice")
        }
        parent.members[key] = .plain(value)
    }

    private mutating func keyPath() throws(TOMLDocument.Failure) -> [String] {
        var path = [try key()]
        cursor.skipSpace()
        while cursor.take(".") {
            guard path.count < TOMLDocument.depthLimit else { throw cursor.failure("it is nested too deep") }
            path.append(try key())
            cursor.skipSpace()
        }
        return path
    }

    private mutating func key() throws(TOMLDocument.Failure) -> String {
        cursor.skipSpace()
        if let quote = cursor.peek, quote == "\"" || quote == "'" { return try cursor.text(quote) }
        let word = cursor.takeWhile { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-")
        }
        guard !word.isEmpty else { throw cursor.failure("expected a key") }
        return word
    }

    private mutating func value(depth: Int) throws(TOMLDocument.Failure) -> JSONValue {
        guard depth < TOMLDocument.depthLimit else { throw cursor.failure("it is nested too deep") }
        cursor.skipSpace()
        switch cursor.peek {
        case "\"", "'": return .string(try cursor.longOrShortText())
        case "[": return try array(depth: depth)
        case "{": return try inlineTable(depth: depth)
        default: return try word()
        }
    }

    /// `true`, `false`, or a number, date or time, of which only the characters are checked.
    private mutating func word() throws(TOMLDocument.Failure) -> JSONValue {
        let word = cursor.takeWhile { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "+-_.:".unicodeScalars.contains(scalar))
        }
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "nan": return .null
        default:
            guard let first = word.unicodeScalars.first, ("0"..."9").contains(first) || first == "+" || first == "-"
            else {
                throw cursor.failure("expected a value")
            }
            return .null
        }
    }

    private mutating func array(depth: Int) throws(TOMLDocument.Failure) -> JSONValue {
        cursor.advance()
        var elements: [JSONValue] = []
        while true {
            cursor.skipBlankLines()
            if cursor.take("]") { return .array(elements) }
            elements.append(try value(depth: depth + 1))
            cursor.skipBlankLines()
            if !cursor.take(",") {
                try cursor.expect("]")
                return .array(elements)
            }
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLDocument.Failure) -> JSONValue {
        cursor.advance()
        let table = TOMLTable()
        cursor.skipSpace()
        if cursor.take("}") { return .object([:]) }
        while true {
            let path = try keyPath()
            try cursor.expect("=")
            let value = try value(depth: depth + 1)
            guard let parent = table.table(at: path.dropLast()), let key = path.last, parent.members[key] == nil else {
                throw cursor.failure("a key is used twice")
            }
            parent.members[key] = .plain(value)
            cursor.skipSpace()
            if !cursor.take(",") {
                try cursor.expect("}")
                return table.json
            }
        }
    }
}
