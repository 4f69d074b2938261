// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import Testing

struct HostileDocument: CustomTestStringConvertible, Sendable {
    let name: String
    let text: [UInt8]
    let failure: String

    init(_ name: String, _ text: String, _ failure: String) {
        self.init(name, bytes: Array(text.utf8), failure)
    }

    init(_ name: String, bytes: [UInt8], _ failure: String) {
        self.name = name
        text = bytes
        self.failure = failure
    }

    var testDescription: String { name }

    static let all = [
        HostileDocument("nothing", "", "Invalid JSON: unexpected end at byte 0"),
        HostileDocument("white space only", " \n", "Invalid JSON: unexpected end at byte 2"),
        HostileDocument("an object without end", #"{"a":1"#, "Invalid JSON: unexpected end at byte 6"),
        HostileDocument("an array without end", "[1,", "Invalid JSON: unexpected end at byte 3"),
        HostileDocument("a text without end", #""abc"#, "Invalid JSON: unexpected end at byte 4"),
        HostileDocument("a comma too many", "[1,]", "Invalid JSON: unexpected ']' at byte 3"),
        HostileDocument("a key that is no text", "{1:2}", "Invalid JSON: unexpected '1' at byte 1"),
        HostileDocument("two documents", "{} {}", "Invalid JSON: unexpected text after the document at byte 3"),
        HostileDocument(
            "a byte of zero at the end",
            "1\0",
            "Invalid JSON: unexpected text after the document at byte 1"
        ),
        HostileDocument("a key twice", #"{"a":1,"a":2}"#, "Invalid JSON: duplicate key 'a' at byte 7"),
        HostileDocument(
            "a key twice, once escaped",
            #"{"a":1,"\u0061":2}"#,
            "Invalid JSON: duplicate key 'a' at byte 7"
        ),
        HostileDocument(
            "keys that differ in normalisation only",
            #"{"\u00e9":1,"e\u0301":2}"#,
            "Invalid JSON: duplicate key 'e\u{301}' at byte 12"
        ),
        HostileDocument(
            "an escape sequence in a key",
            #"{"\u001b[2J":1,"\u001b[2J":1}"#,
            #"Invalid JSON: duplicate key '\u{1b}[2J' at byte 15"#
        ),
        HostileDocument(
            "too large for 64 bits",
            "9223372036854775808",
            "Invalid JSON: number 9223372036854775808 is out of range at byte 0"
        ),
        HostileDocument(
            "too small for 64 bits",
            "[-9223372036854775809]",
            "Invalid JSON: number -9223372036854775809 is out of range at byte 1"
        ),
        HostileDocument("a huge exponent", "1e999", "Invalid JSON: number 1e999 is out of range at byte 0"),
        HostileDocument(
            "two to the power of 63",
            "9.223372036854775808e18",
            "Invalid JSON: number 9.223372036854775808e18 is out of range at byte 0"
        ),
        HostileDocument("a leading zero", "01", "Invalid JSON: unexpected text after the document at byte 1"),
        HostileDocument("a leading plus", "+1", "Invalid JSON: unexpected '+' at byte 0"),
        HostileDocument("a sign alone", "-", "Invalid JSON: unexpected end at byte 1"),
        HostileDocument("a fraction without digits", "1.", "Invalid JSON: unexpected end at byte 2"),
        HostileDocument("not a number", "NaN", "Invalid JSON: unexpected 'N' at byte 0"),
        HostileDocument("half a literal", "tru", "Invalid JSON: unexpected end at byte 3"),
        HostileDocument("a raw line feed in a text", "\"\n\"", "Invalid JSON: unexpected byte 10 at byte 1"),
        HostileDocument("an unknown escape", #""\x41""#, "Invalid JSON: unexpected 'x' at byte 2"),
        HostileDocument("a short escape", #""\u12"x"#, #"Invalid JSON: unexpected '"' at byte 5"#),
        HostileDocument("a high surrogate alone", #""\ud800""#, "Invalid JSON: malformed text at byte 1"),
        HostileDocument("a low surrogate alone", #""\udc00\u0041""#, "Invalid JSON: malformed text at byte 1"),
        HostileDocument(
            "a high surrogate before a letter",
            #""\ud800\u0041""#,
            "Invalid JSON: malformed text at byte 1"
        ),
        HostileDocument("text that is not UTF-8", bytes: [0x22, 0xFF, 0x22], "Invalid JSON: malformed text at byte 0"),
        HostileDocument(
            "a byte order mark",
            bytes: [0xEF, 0xBB, 0xBF, 0x31],
            "Invalid JSON: unexpected byte 239 at byte 0"
        ),
        HostileDocument(
            "arrays nested without end",
            bytes: Array(repeating: UInt8(ascii: "["), count: 1 << 20),
            "Invalid JSON: nested deeper than 64 levels at byte 64"
        ),
        HostileDocument(
            "objects nested without end",
            bytes: Array(String(repeating: #"{"":"#, count: 100_000).utf8),
            "Invalid JSON: nested deeper than 64 levels at byte 256"
        ),
        HostileDocument(
            "very many values",
            bytes: Array(("[" + String(repeating: "0,", count: 200_000) + "0]").utf8),
            "Invalid JSON: more than 131072 values at byte 262143"
        ),
        HostileDocument(
            "more than four mebibytes",
            bytes: Array(repeating: UInt8(ascii: " "), count: 4 << 20) + [UInt8(ascii: "1")],
            "Invalid JSON: expected at most 4194304 bytes, got 4194305 bytes"
        ),
    ]
}

@Suite struct JSONValueTests {
    @Test(arguments: HostileDocument.all)
    func `a hostile document is refused`(document: HostileDocument) throws {
        let failure = try #require(throws: JSONFailure.self) { try JSONValue(parsing: document.text) }
        #expect("\(failure)" == document.failure)
    }

    @Test func `every kind of value is read`() throws {
        let text =
            #" { "a" : [ null , true, false ], "b": -0.5, "c": 9223372036854775807, "d": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00", "e": {}, "f": [] } "#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(
            value
                == .object([
                    "a": .array([.null, .bool(true), .bool(false)]),
                    "b": .double(-0.5),
                    "c": .integer(.max),
                    "d": .string("\"\\/\u{8}\u{C}\n\r\té😀"),
                    "e": .object([:]),
                    "f": .array([]),
                ])
        )
    }

    @Test func `nesting up to the limit is read`() throws {
        let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(CanonicalJSON.encode(try JSONValue(parsing: Array(text.utf8))) == Array(text.utf8))
    }

    @Test func `a document of exactly the largest size is read`() throws {
        let text = Array(repeating: UInt8(ascii: " "), count: JSONLimits.document.bytes - 1) + [UInt8(ascii: "1")]
        #expect(try JSONValue(parsing: text) == .integer(1))
    }
}

@Suite struct CanonicalJSONTests {
    private func canonical(_ text: String) throws -> String {
        String(decoding: CanonicalJSON.encode(try JSONValue(parsing: Array(text.utf8))), as: UTF8.self)
    }

    @Test func `keys are sorted by their bytes and nothing is added`() throws {
        #expect(
            try canonical(#" { "b" : 1, "a/b" : [ 1 , 2 ], "Z": {"y": null, "x": true}, "é": "<&>", "zz": 2 } "#)
                == #"{"Z":{"x":true,"y":null},"a/b":[1,2],"b":1,"zz":2,"é":"<&>"}"#
        )
    }

    @Test func `texts have the shortest escapes`() throws {
        #expect(
            try canonical(#""\u0022\u005c\/\u0008\u0009\u000a\u000c\u000d\u0000\u001F\u007f""#)
                == "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}\""
        )
    }

    @Test func `numbers keep their value`() throws {
        #expect(
            try canonical("[-9223372036854775808,-0,0.1,1e3,1e-7,1E18]")
                == "[-9223372036854775808,0,0.1,1000.0,1e-07,1e+18]"
        )
    }

    @Test func `encoding is a fixed point`() throws {
        let once = try canonical(#"{"b":[0.1,1e-7,"\u0001é"],"a":{}}"#)
        #expect(try canonical(once) == once)
    }
}
