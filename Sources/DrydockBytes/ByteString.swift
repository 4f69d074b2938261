// SPDX-License-Identifier: Apache-2.0

/// A string of bytes: a file name, a link target, an attribute.
///
/// Linux does not say which encoding a name has, so names are never turned into `String` and back: that would change
/// every name that is not UTF-8. Comparison is by unsigned byte, which does not depend on a locale.
public struct ByteString: Hashable, Sendable {
    /// The bytes, without a terminator.
    public var bytes: [UInt8]

    /// Wraps the bytes as they are.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The UTF-8 form of a string.
    public init(_ string: String) { bytes = Array(string.utf8) }

    /// Copies a part of an array.
    public init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    /// The number of bytes.
    public var count: Int { bytes.count }

    /// Whether there is no byte.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Whether the path comes first in a walk that goes into each directory at once: a slash comes before any byte.
    public func precedesInTree(_ other: ByteString) -> Bool {
        bytes.lexicographicallyPrecedes(other.bytes) { left, right in
            (left == UInt8(ascii: "/") ? -1 : Int(left)) < (right == UInt8(ascii: "/") ? -1 : Int(right))
        }
    }

    /// The text, if the bytes are UTF-8.
    public var utf8Text: String? { String(validating: bytes, as: UTF8.self) }
}

extension ByteString: ExpressibleByStringLiteral {
    /// The UTF-8 form of the literal.
    public init(stringLiteral value: String) { self.init(value) }
}

extension ByteString: Comparable {
    /// Byte by byte, unsigned; a prefix comes first.
    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ByteString: CustomStringConvertible {
    /// For people: control characters and bytes that are not UTF-8 appear as `\xNN`.
    public var description: String {
        guard let text = utf8Text else { return bytes.map(Self.escaped).joined() }
        return text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F ? Self.escaped(UInt8(scalar.value)) : String(scalar)
        }.joined()
    }

    private static func escaped(_ byte: UInt8) -> String {
        guard byte < 0x20 || byte >= 0x7F else { return String(UnicodeScalar(byte)) }
        return "\\x" + Hex.encode([byte])
    }
}
