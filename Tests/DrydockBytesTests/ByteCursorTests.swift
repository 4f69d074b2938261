// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Testing

@Suite struct ByteCursorTests {
    private let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88]

    @Test func `integers are read in both byte orders`() throws {
        var cursor = ByteCursor()
        #expect(try cursor.read(UInt16.self, order: .little, from: bytes.span) == 0x0201)
        #expect(try cursor.read(UInt16.self, order: .big, from: bytes.span) == 0x0304)
        #expect(try cursor.read(UInt32.self, order: .big, from: bytes.span) == 0x0506_0788)
        #expect(cursor.position == 8)
        cursor = ByteCursor()
        #expect(try cursor.read(UInt64.self, order: .little, from: bytes.span) == 0x8807_0605_0403_0201)
        cursor = ByteCursor()
        #expect(try cursor.read(UInt64.self, order: .big, from: bytes.span) == 0x0102_0304_0506_0788)
    }

    @Test func `integers of one byte and with a sign are read`() throws {
        var cursor = ByteCursor(at: 7)
        #expect(try cursor.read(UInt8.self, order: .big, from: bytes.span) == 0x88)
        cursor = ByteCursor(at: 7)
        #expect(try cursor.read(Int8.self, order: .little, from: bytes.span) == -120)
        cursor = ByteCursor(at: 4)
        #expect(try cursor.read(Int32.self, order: .little, from: bytes.span) == -2_012_805_627)
    }

    @Test func `a read beyond the end says what is missing and leaves the position`() {
        var cursor = ByteCursor(at: 5)
        #expect(throws: DecodingFailure(.insufficientData(needed: 4, available: 3), offset: 5)) {
            try cursor.read(UInt32.self, order: .little, from: bytes.span)
        }
        #expect(cursor == ByteCursor(at: 5))
    }

    @Test(arguments: [-1, .min, 8, 9, .max]) func `nothing can be read outside of the bytes`(position: Int) {
        var cursor = ByteCursor(at: position)
        #expect(cursor.remaining(in: bytes.span) == 0)
        #expect(throws: DecodingFailure(.insufficientData(needed: 1, available: 0), offset: position)) {
            try cursor.read(UInt8.self, order: .little, from: bytes.span)
        }
        #expect(throws: DecodingFailure(.unterminatedString(limit: 0), offset: position)) {
            try cursor.readTerminatedString(from: bytes.span)
        }
    }

    @Test func `bytes are copied and skipped`() throws {
        var cursor = ByteCursor()
        try cursor.skip(2, in: bytes.span)
        #expect(try cursor.readBytes(3, from: bytes.span) == [3, 4, 5])
        #expect(try cursor.readBytes(0, from: bytes.span).isEmpty)
        #expect(cursor.remaining(in: bytes.span) == 3)
        #expect(throws: DecodingFailure(.insufficientData(needed: 4, available: 3), offset: 5)) {
            try cursor.readBytes(4, from: bytes.span)
        }
        #expect(throws: DecodingFailure(.insufficientData(needed: .max, available: 3), offset: 5)) {
            try cursor.skip(.max, in: bytes.span)
        }
    }

    @Test func `a negative length is refused`() {
        var cursor = ByteCursor()
        #expect(throws: DecodingFailure(.negativeLength(-1), offset: 0)) { try cursor.skip(-1, in: bytes.span) }
        #expect(throws: DecodingFailure(.negativeLength(.min), offset: 0)) {
            try cursor.readBytes(.min, from: bytes.span)
        }
    }

    @Test func `a string ends at the zero byte`() throws {
        let text = Array("ab\0\0c".utf8)
        var cursor = ByteCursor()
        #expect(try cursor.readTerminatedString(limit: 2, from: text.span) == "ab")
        #expect(cursor.position == 3)
        #expect(try cursor.readTerminatedString(from: text.span) == "")
        #expect(throws: DecodingFailure(.unterminatedString(limit: 1), offset: 4)) {
            try cursor.readTerminatedString(from: text.span)
        }
        #expect(cursor.position == 4)
    }

    @Test func `a string longer than the limit is refused`() {
        let text = Array("abc\0".utf8)
        var cursor = ByteCursor()
        #expect(throws: DecodingFailure(.unterminatedString(limit: 2), offset: 0)) {
            try cursor.readTerminatedString(limit: 2, from: text.span)
        }
        #expect(throws: DecodingFailure(.unterminatedString(limit: -1), offset: 0)) {
            try cursor.readTerminatedString(limit: -1, from: text.span)
        }
    }
}

@Suite struct DecodingFailureTests {
    struct Message: CustomTestStringConvertible {
        let reason: DecodingFailure.Reason
        let text: String
        var testDescription: String { text }

        static let all = [
            Message(
                reason: .insufficientData(needed: 8, available: 3),
                text: "The data ends too early at byte 12: expected 8 bytes, got 3"
            ),
            Message(reason: .negativeLength(-4), text: "The length of the field at byte 12 is negative: -4"),
            Message(
                reason: .unterminatedString(limit: 255),
                text: "The string at byte 12 has no end within 255 bytes"
            ),
        ]
    }

    @Test(arguments: Message.all) func `the description is one sentence`(message: Message) {
        #expect(DecodingFailure(message.reason, offset: 12).description == message.text)
    }
}
