// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// Parses one document, [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259).
    ///
    /// Stricter than usual, because digests are computed over such documents and two programs must not read one of them
    /// differently: a key that appears twice, text after the document, a number that `Int64` cannot hold and half of a
    /// surrogate pair are errors.
    ///
    /// - Throws: ``JSONFailure`` with the offset of the first thing that is wrong.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .document) throws(JSONFailure) {
        guard bytes.count <= limits.bytes else {
            throw JSONFailure(.tooLarge(byteCount: bytes.count, limit: limits.bytes))
        }
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }
}

/// Recursive descent over the bytes; the recursion is bounded by `JSONLimits.depth`.
private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    var depth = 0
    var valueCount = 0

    mutating func document() throws(JSONFailure) -> JSONValue {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw JSONFailure(.trailingBytes, offset: position) }
        return value
    }

    private mutating func value() throws(JSONFailure) -> JSONValue {
        valueCount += 1
        guard valueCount <= limits.values else {
            throw JSONFailure(.tooManyValues(limit: limits.values), offset: position)
        }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { (parser) throws(JSONFailure) in try parser.members() })
        case UInt8(ascii: "["): return .array(try nested { (parser) throws(JSONFailure) in try parser.elements() })
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested<Content>(
        _ body: (inout JSONParser) throws(JSONFailure) -> Content
    ) throws(JSONFailure) -> Content {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JSONLimits.depth else {
            throw JSONFailure(.tooDeep(limit: JSONLimits.depth), offset: position)
        }
        position += 1
        return try body(&self)
    }

    private mutating func members() throws(JSONFailure) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if try takeEnd(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            let start = position
            let key = try text()
            guard members[key] == nil else { throw JSONFailure(.duplicateKey(key), offset: start) }
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members[key] = try value()
            if try takeEnd(UInt8(ascii: "}")) { return members }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func elements() throws(JSONFailure) -> [JSONValue] {
        var elements: [JSONValue] = []
        if try takeEnd(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value())
            if try takeEnd(UInt8(ascii: "]")) { return elements }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
        for expected in word.description.utf8 { try expect(expected) }
        return value
    }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func number() throws(JSONFailure) -> JSONValue {
        let start = position
        if try peek() == UInt8(ascii: "-") { position += 1 }
        let leadingZero = try peek() == UInt8(ascii: "0")
        if leadingZero { position += 1 } else { try digits() }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        // 2^63 as a double: what is below has an integer part that `Int64` can hold.
        if !isInteger, let double = Double(text), double.magnitude < 0x1p63 { return .double(double) }
        throw JSONFailure(.numberOutOfRange(text), offset: start)
    }

    private mutating func digits() throws(JSONFailure) {
        let range = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard range.contains(try peek()) else { throw JSONFailure(.unexpectedByte(bytes[position]), offset: position) }
        while let byte = current, range.contains(byte) { position += 1 }
    }
}

// MARK: - Texts

extension JSONParser {
    private mutating func text() throws(JSONFailure) -> String {
        let start = position
        try expect(UInt8(ascii: "\""))
        skipPlainText()
        // Most texts have no escapes: they are taken as they stand.
        if current == UInt8(ascii: "\"") { return try takeText(bytes[(start + 1)..<position], from: start) }
        var decoded = Array(bytes[(start + 1)..<position])
        while try peek() != UInt8(ascii: "\"") {
            guard bytes[position] == UInt8(ascii: "\\") else {
                throw JSONFailure(.unexpectedByte(bytes[position]), offset: position)
            }
            decoded += try escape()
            let next = position
            skipPlainText()
            decoded += bytes[next..<position]
        }
        return try takeText(decoded[...], from: start)
    }

    /// Goes on to the next byte that does not stand for itself: the end of the text, an escape or a control character.
    private mutating func skipPlainText() {
        while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
    }

    private mutating func takeText(_ decoded: ArraySlice<UInt8>, from start: Int) throws(JSONFailure) -> String {
        position += 1
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw JSONFailure(.malformedText, offset: start)
        }
        return text
    }

    private mutating func escape() throws(JSONFailure) -> [UInt8] {
        let start = position
        position += 1
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try scalar(from: start)).utf8)
        default: throw JSONFailure(.unexpectedByte(byte), offset: position - 1)
        }
    }

    /// The scalar of `\uXXXX`, or of two of them when the first is a high surrogate.
    private mutating func scalar(from start: Int) throws(JSONFailure) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, current == UInt8(ascii: "\\"), bytes.dropFirst(position + 1).first == UInt8(ascii: "u")
        else { throw JSONFailure(.malformedText, offset: start) }
        position += 2
        let second = try codeUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONFailure(.malformedText, offset: start) }
        return scalar
    }

    private mutating func codeUnit() throws(JSONFailure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw JSONFailure(.unexpectedByte(byte), offset: position)
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}

// MARK: - Bytes

extension JSONParser {
    /// The next byte, or nil at the end.
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func peek() throws(JSONFailure) -> UInt8 {
        guard let current else { throw JSONFailure(.unexpectedEnd, offset: position) }
        return current
    }

    private mutating func expect(_ byte: UInt8) throws(JSONFailure) {
        let actual = try peek()
        guard actual == byte else { throw JSONFailure(.unexpectedByte(actual), offset: position) }
        position += 1
    }

    /// Takes the byte that ends an array or object, if it comes next.
    private mutating func takeEnd(_ byte: UInt8) throws(JSONFailure) -> Bool {
        skipSpace()
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }
}
