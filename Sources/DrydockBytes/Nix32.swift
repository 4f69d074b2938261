// SPDX-License-Identifier: Apache-2.0

/// Nix's base 32: its own digits, without `e`, `o`, `t` and `u`, and the last bits first.
///
/// A number of bytes has one form only.
/// [Nix manual, Nix32](https://nix.dev/manual/nix/2.28/protocols/nix32).
public enum Nix32: Sendable {
    private static let digits = Array("0123456789abcdfghijklmnpqrsvwxyz".utf8)
    /// The value of each character; 255 for those that are no digits.
    private static let values = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// The number of digits of so many bytes.
    public static func encodedLength(_ byteCount: Int) -> Int { (byteCount * 8 + 4) / 5 }

    /// Whether a character is a digit.
    public static func isDigit(_ character: UInt8) -> Bool { values[Int(character)] < 32 }

    /// The digits of bytes.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        var text: [UInt8] = []
        for position in (0..<encodedLength(bytes.count)).reversed() {
            let (byte, bit) = (position * 5).quotientAndRemainder(dividingBy: 8)
            let next = byte + 1 < bytes.count ? UInt16(bytes[byte + 1]) : 0
            let pair = UInt16(bytes[byte]) | next << 8
            text.append(digits[Int(pair >> bit & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text.
    ///
    /// - Returns: nil if a character is not a digit, no number of bytes has so many digits, or the first digit has bits
    ///   that belong to no byte.
    public static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        let count = text.count * 5 / 8
        guard encodedLength(count) == text.count else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        for (position, character) in text.reversed().enumerated() {
            let value = values[Int(character)]
            guard value < 32 else { return nil }
            let (byte, bit) = (position * 5).quotientAndRemainder(dividingBy: 8)
            let pair = UInt16(value) << bit
            bytes[byte] |= UInt8(truncatingIfNeeded: pair)
            guard pair > 255 else { continue }
            guard byte + 1 < count else { return nil }
            bytes[byte + 1] |= UInt8(pair >> 8)
        }
        return bytes
    }
}
