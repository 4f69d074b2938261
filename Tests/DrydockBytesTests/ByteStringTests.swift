// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Testing

@Suite struct ByteStringTests {
    @Test func `a string becomes its UTF-8 bytes`() {
        #expect(ByteString("aé").bytes == [0x61, 0xC3, 0xA9])
        #expect(ByteString([0x61, 0x62, 0x63][1...]).bytes == [0x62, 0x63])
        let literal: ByteString = "ab"
        #expect(literal == ByteString([0x61, 0x62]))
        #expect(literal.count == 2)
        #expect(!literal.isEmpty)
        #expect(ByteString("").isEmpty)
    }

    @Test func `bytes that are not UTF-8 have no text`() {
        #expect(ByteString([0xC3, 0xA9]).utf8Text == "é")
        #expect(ByteString([0xC3]).utf8Text == nil)
    }

    @Test func `the order is by unsigned byte and a prefix comes first`() {
        let sorted: [ByteString] = ["", "Z", "a", "a/b", "aa", ByteString([0x80]), ByteString([0xFF])]
        #expect(sorted.reversed().sorted() == sorted)
    }

    @Test func `names that differ only in their Unicode form are different`() {
        #expect(ByteString("\u{E9}") != ByteString("e\u{301}"))
    }

    struct Description: CustomTestStringConvertible {
        let bytes: [UInt8]
        let text: String
        var testDescription: String { text }

        static let all = [
            Description(bytes: Array("plain é".utf8), text: "plain é"),
            Description(bytes: Array("a\nb\u{1B}[0m\u{7F}".utf8), text: "a\\x0ab\\x1b[0m\\x7f"),
            Description(bytes: [0x61, 0xFF, 0x0A], text: "a\\xff\\x0a"),
            Description(bytes: [], text: ""),
        ]
    }

    @Test(arguments: Description.all) func `control characters and foreign bytes are escaped`(case: Description) {
        #expect(ByteString(`case`.bytes).description == `case`.text)
    }
}

@Suite struct HexTests {
    @Test func `every byte becomes two lower-case digits and back`() {
        let all = Array(UInt8.min...UInt8.max)
        let text = Hex.encode(all)
        #expect(text.hasPrefix("000102030405060708090a0b0c0d0e0f10"))
        #expect(text.hasSuffix("fcfdfeff"))
        #expect(text.count == 512)
        #expect(Hex.decode(Array(text.utf8)) == all)
    }

    @Test func `nothing becomes nothing`() {
        #expect(Hex.encode([]) == "")
        #expect(Hex.decode([]) == [])
    }

    @Test(arguments: ["0", "abc", "AB", "0g", "/0", ":0", "`0", " 0", "0é", "é"])
    func `anything but pairs of lower-case digits is refused`(text: String) {
        #expect(Hex.decode(Array(text.utf8)) == nil)
    }
}
