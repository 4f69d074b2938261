// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the JSON document that was expected.
public struct JSONFailure: Error, Equatable {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// The document is larger than is read.
        case tooLarge(byteCount: Int, limit: Int)
        /// Arrays and objects are nested too deep.
        case tooDeep(limit: Int)
        /// The document holds too many values.
        case tooManyValues(limit: Int)
        /// The document stops in the middle.
        case unexpectedEnd
        /// A byte that cannot stand here.
        case unexpectedByte(UInt8)
        /// Something follows the document.
        case trailingBytes
        /// An object names a key twice.
        case duplicateKey(String)
        /// A number beyond the range of `Int64`.
        case numberOutOfRange(String)
        /// A text that is not UTF-8, or half of a surrogate pair.
        case malformedText
        /// A member that must be there is not.
        case missing
        /// A value of another kind.
        case wrongKind(expected: String, actual: String)
        /// A value of the right kind that says something impossible; the clause says what.
        case invalid(String)
    }

    /// Where in the document it is wrong.
    public enum Location: Equatable, Sendable {
        /// The number of bytes before the place.
        case offset(Int)
        /// The keys and positions that lead to the value, for example `config.Env[2]`; empty for the document.
        case path(String)
    }

    /// What is wrong.
    public let reason: Reason
    /// Where it is wrong.
    public let location: Location

    /// A failure at a place of the text.
    package init(_ reason: Reason, offset: Int) {
        self.reason = reason
        location = .offset(offset)
    }

    /// A failure of the value at a path.
    package init(_ reason: Reason, path: String = "") {
        self.reason = reason
        location = .path(path)
    }

    /// The failure as seen from the enclosing object.
    package func inside(_ key: String) -> JSONFailure {
        guard case .path(let path) = location else { return self }
        let key = key.clippedForMessage
        return JSONFailure(reason, path: path.isEmpty || path.hasPrefix("[") ? key + path : "\(key).\(path)")
    }

    /// The failure as seen from the enclosing array.
    package func inside(_ position: Int) -> JSONFailure {
        guard case .path(let path) = location else { return self }
        return JSONFailure(
            reason,
            path: path.isEmpty || path.hasPrefix("[") ? "[\(position)]\(path)" : "[\(position)].\(path)"
        )
    }
}

extension JSONFailure: CustomStringConvertible {
    /// One sentence for the person, for example `Invalid JSON: 'config.Env' is missing`.
    public var description: String { "Invalid JSON: \(clause)" }

    /// What is wrong and where, as it reads after a colon.
    package var clause: String {
        switch location {
        case .offset(let offset): "\(reason.clause) at byte \(offset)"
        case .path(let path):
            switch reason {
            case .missing: "'\(path)' is missing"
            case .wrongKind, .invalid: path.isEmpty ? reason.clause : "'\(path)': \(reason.clause)"
            default: reason.clause
            }
        }
    }
}

extension JSONFailure.Reason {
    fileprivate var clause: String {
        switch self {
        case .tooLarge(let byteCount, let limit): "expected at most \(limit) bytes, got \(byteCount) bytes"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .unexpectedEnd: "unexpected end"
        case .unexpectedByte(let byte): "unexpected \(Self.text(of: byte))"
        case .trailingBytes: "unexpected text after the document"
        case .duplicateKey(let key): "duplicate key '\(key.clippedForMessage)'"
        case .numberOutOfRange(let text): "number \(text.clippedForMessage) is out of range"
        case .malformedText: "malformed text"
        case .missing: "missing"
        case .wrongKind(let expected, let actual): "expected \(expected), got \(actual)"
        case .invalid(let clause): clause
        }
    }

    private static func text(of byte: UInt8) -> String {
        guard (0x21..<0x7F).contains(byte) else { return "byte \(byte)" }
        return "'\(Character(UnicodeScalar(byte)))'"
    }
}

extension String {
    /// The text with control characters written as `\u{N}`, and at most 200 characters of it.
    ///
    /// What others wrote must not move the cursor of a terminal or flood it.
    package var clippedForMessage: String {
        var result = ""
        for (position, scalar) in unicodeScalars.enumerated() {
            guard position < 200 else { return result + "…" }
            if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
