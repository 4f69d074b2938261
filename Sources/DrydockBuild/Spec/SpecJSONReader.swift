// SPDX-License-Identifier: Apache-2.0

/// Reads a spec in JSON, [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), with the place of each key and value.
///
/// Recursive descent over the bytes of a text that is UTF-8; the recursion is bounded by `SpecProblem.nestingLimit`.
/// What leaves the structure whole (a key twice, half of a surrogate pair) goes to the ``SpecReader`` and reading goes on.
struct SpecJSONReader {
    /// More values than a spec of 4 MiB with any content has; a list of digits could have two million.
    static let valueLimit = 1_000_000
    /// The longest number that a message repeats, in bytes; a number in YAML is not longer either.
    private static let shownNumberLimit = 400

    private let bytes: [UInt8]
    private let reader: SpecReader
    private var places: SpecPlaceCursor
    private var position = 0
    private var depth = 0
    private var valueCount = 0

    private init(_ source: SpecSource, reportingTo reader: SpecReader) {
        bytes = Array(source.text.utf8)
        self.reader = reader
        places = SpecPlaceCursor(source.text)
    }

    /// The root of the document, nil if there is only white space.
    static func read(_ source: SpecSource, reportingTo reader: SpecReader) throws(SpecProblemAt) -> SpecNode? {
        var parser = SpecJSONReader(source, reportingTo: reader)
        parser.skipSpace()
        guard parser.current != nil else { return nil }
        let root = try parser.value()
        parser.skipSpace()
        guard parser.current == nil else { throw parser.unexpected("the end of the file") }
        return root
    }

    private mutating func value() throws(SpecProblemAt) -> SpecNode {
        let place = places.place(at: position)
        valueCount += 1
        guard valueCount <= Self.valueLimit else {
            throw SpecProblemAt(SpecProblem("The spec has more than \(Self.valueLimit) values"), place)
        }
        switch current {
        case UInt8(ascii: "{"): return SpecNode(.map(try entries(at: place)), at: place)
        case UInt8(ascii: "["): return SpecNode(.list(try elements(at: place)), at: place)
        case UInt8(ascii: "\""): return SpecNode(try text().map { .string($0) } ?? .unreadable, at: place)
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try number(at: place)
        default: return try literal(at: place)
        }
    }

    private mutating func elements(at place: SpecPosition) throws(SpecProblemAt) -> [SpecNode] {
        try enter(at: place)
        var elements: [SpecNode] = []
        if take(UInt8(ascii: "]")) { return leave(elements) }
        while true {
            elements.append(try value())
            skipSpace()
            if take(UInt8(ascii: "]")) { return leave(elements) }
            try expect(UInt8(ascii: ","), "',' or ']'")
            skipSpace()
        }
    }

    private mutating func entries(at place: SpecPosition) throws(SpecProblemAt) -> [SpecEntry] {
        try enter(at: place)
        var entries: [SpecEntry] = []
        var firstLines: [String: Int] = [:]
        if take(UInt8(ascii: "}")) { return leave(entries) }
        while true {
            if let entry = try entry() {
                if let line = firstLines[entry.key] {
                    reader.report(.duplicateKey(entry.key, firstLine: line), at: entry.keyNode.place)
                } else {
                    firstLines[entry.key] = entry.keyNode.place.line
                    entries.append(entry)
                }
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return leave(entries) }
            try expect(UInt8(ascii: ","), "',' or '}'")
            skipSpace()
        }
    }

    /// A key with its value, nil if the key has been reported.
    private mutating func entry() throws(SpecProblemAt) -> SpecEntry? {
        guard current == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
        let place = places.place(at: position)
        let key = try text()
        skipSpace()
        try expect(UInt8(ascii: ":"), "':' after the key")
        skipSpace()
        let value = try value()
        return key.map { SpecEntry(key: $0, keyNode: SpecNode(.string($0), at: place), value: value) }
    }

    /// Takes the bracket or brace that opens a list or a map.
    private mutating func enter(at place: SpecPosition) throws(SpecProblemAt) {
        depth += 1
        guard depth <= SpecProblem.nestingLimit else { throw SpecProblemAt(.nesting, place) }
        position += 1
        skipSpace()
    }

    private mutating func leave<Content>(_ content: Content) -> Content {
        depth -= 1
        return content
    }

    private mutating func literal(at place: SpecPosition) throws(SpecProblemAt) -> SpecNode {
        let letters = bytes[position...].prefix { isLowercase($0 | 0x20) }
        let word = String(decoding: letters, as: UTF8.self)
        guard ["true", "false", "null"].contains(word) else {
            throw unexpected("a value", got: word.isEmpty ? nil : word)
        }
        position = letters.endIndex
        return SpecNode(SpecScalar.value(of: word), at: place, plainText: word)
    }

    private mutating func number(at place: SpecPosition) throws(SpecProblemAt) -> SpecNode {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.utf8.count <= Self.shownNumberLimit else { return SpecNode(.number(text), at: place) }
        return SpecNode(SpecScalar.value(of: text), at: place, plainText: text)
    }

    private mutating func digits() throws(SpecProblemAt) {
        guard let first = current, isDigit(first) else { throw unexpected("a digit") }
        while let byte = current, isDigit(byte) { position += 1 }
    }
}

// MARK: - Texts

extension SpecJSONReader {
    /// A text with its escapes resolved, nil if half of a surrogate pair in it has been reported.
    private mutating func text() throws(SpecProblemAt) -> String? {
        position += 1
        var decoded: [UInt8] = []
        var isWhole = true
        while true {
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                return isWhole ? String(decoding: decoded, as: UTF8.self) : nil
            case UInt8(ascii: "\\"):
                if let scalar = try escape() { decoded += Array(String(scalar).utf8) } else { isWhole = false }
            case let byte? where byte >= 0x20:
                decoded.append(byte)
                position += 1
            case nil: throw unexpected("'\"' at the end of the text")
            case let byte?: throw control(byte)
            }
        }
    }

    private mutating func escape() throws(SpecProblemAt) -> Unicode.Scalar? {
        let start = position
        position += 1
        guard let byte = current else { throw unexpected("the rest of an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar(from: start)
        default:
            position -= 1
            throw unexpected("one of '\"\\/bfnrtu' after '\\'")
        }
    }

    /// The scalar of `\uXXXX`, or of two of them when the first is a high surrogate; reports half of such a pair.
    private mutating func escapedScalar(from start: Int) throws(SpecProblemAt) -> Unicode.Scalar? {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let end = position
        if first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let second = try codeUnit()
            if (0xDC00...0xDFFF).contains(second) {
                return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            }
        }
        // What follows is no second half, and is read for itself.
        position = end
        let half = String(decoding: bytes[start..<end], as: UTF8.self)
        let problem = SpecProblem("Escape \(SpecProblem.quoted(half)) is half of a surrogate pair")
        reader.report(problem, at: places.place(at: start))
        return nil
    }

    private mutating func codeUnit() throws(SpecProblemAt) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current.flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
                throw unexpected("four hexadecimal digits after '\\u'")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}

// MARK: - Bytes

extension SpecJSONReader {
    /// The next byte, nil at the end.
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8, _ expected: String) throws(SpecProblemAt) {
        guard take(byte) else { throw unexpected(expected) }
    }

    private mutating func skipSpace() {
        while let byte = current, SpecSource.isJSONSpace(byte) { position += 1 }
    }
}

// MARK: - Failures

extension SpecJSONReader {
    /// What stands at the place, or its first character, is not what should.
    private mutating func unexpected(_ expected: String, got word: String? = nil) -> SpecProblemAt {
        let next = String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first.map(String.init)
        let actual = (word ?? next).map(SpecProblem.quoted) ?? "the end of the file"
        return SpecProblemAt(
            SpecProblem("Invalid JSON: expected \(expected), got \(actual)", hint: hint),
            places.place(at: position)
        )
    }

    /// What usually helps with the byte that should not stand here.
    private var hint: String? {
        switch current {
        case UInt8(ascii: "'"): return "put texts and keys into double quotes"
        case UInt8(ascii: "#"), UInt8(ascii: "/"): return "JSON has no comments; a spec in YAML has"
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let before = bytes[..<position].last { !SpecSource.isJSONSpace($0) }
            return before == UInt8(ascii: ",") ? "remove the comma before it" : nil
        default: return nil
        }
    }

    private mutating func control(_ byte: UInt8) -> SpecProblemAt {
        let code = String(byte, radix: 16, uppercase: true)
        let digits = String(repeating: "0", count: 4 - code.count) + code
        let problem = SpecProblem(
            "Invalid JSON: character U+\(digits) cannot stand in a text",
            hint: "write it as \\u\(digits)"
        )
        return SpecProblemAt(problem, places.place(at: position))
    }
}
