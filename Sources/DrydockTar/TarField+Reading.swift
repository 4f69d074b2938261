// SPDX-License-Identifier: Apache-2.0

extension TarField {
    /// The field's bytes up to the first NUL.
    func text(in block: [UInt8]) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }

    /// The field's number, in octal digits or base 256; nil if there is none, or one beyond 64 bits.
    ///
    /// Blank counts as 0: old archives leave fields empty that do not matter.
    func number(in block: [UInt8]) -> Int64? {
        block[offset] & 0x80 == 0 ? octal(in: block) : base256(in: block)
    }

    /// Digits between spaces, up to the first NUL.
    private func octal(in block: [UInt8]) -> Int64? {
        let space = UInt8(ascii: " ")
        let digits = block[range].prefix { $0 != 0 }.drop { $0 == space }
        var number: Int64 = 0
        for (index, digit) in zip(digits.indices, digits) {
            if digit == space { return digits[index...].allSatisfy { $0 == space } ? number : nil }
            // Twelve digits, the longest field, have 36 bits.
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            number = number << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// GNU's way to write large and negative numbers: two's complement with the highest bit set as a mark.
    private func base256(in block: [UInt8]) -> Int64? {
        // The bit below the mark is the sign; with all bits inverted, a negative number is read like a positive one.
        let inversion: UInt8 = block[offset] & 0x40 == 0 ? 0 : 0xFF
        var number: UInt64 = UInt64((block[offset] ^ inversion) & 0x7F)
        for byte in block[range].dropFirst() {
            guard number >> 55 == 0 else { return nil }
            number = number << 8 | UInt64(byte ^ inversion)
        }
        return inversion == 0 ? Int64(number) : ~Int64(number)
    }
}
