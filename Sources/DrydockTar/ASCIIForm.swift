// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Whether every byte is below 128.
    var isASCII: Bool {
        var union: UInt8 = 0
        for byte in self { union |= byte }
        return union < 0x80
    }

    /// A stand-in for readers that know no PAX: `?` for each character beyond ASCII, and for each byte of what is not
    /// UTF-8.
    var asciiForm: [UInt8] {
        var form: [UInt8] = []
        var index = 0
        while index < count {
            let length = wellFormedLength(at: index)
            form.append(self[index] < 0x80 ? self[index] : UInt8(ascii: "?"))
            index += length
        }
        return form
    }

    /// The length of the UTF-8 sequence that begins there; 1 if what begins there is none.
    ///
    /// The ranges are those of table 3-7, "Well-Formed UTF-8 Byte Sequences", of the Unicode Standard.
    private func wellFormedLength(at index: Int) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch self[index] {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: (1, 0...0)
            }
        guard length > 1, index + length <= count, second.contains(self[index + 1]) else { return 1 }
        let isWhole = self[index + 2..<index + length].allSatisfy { (0x80...0xBF).contains($0) }
        return isWhole ? length : 1
    }
}
