// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Testing

/// Input that is made to crash, to fill memory or to take for ever.
@Suite struct SpecHostileInputTests {
    struct Nesting: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let expected: String

        init(_ name: String, _ text: String, _ expected: String) {
            self.name = name
            self.text = text
            self.expected = expected
        }

        var testDescription: String { name }
    }

    static let tooDeep = "The spec is nested deeper than 64 levels"
    static let nestings: [Nesting] = [10_000, 500_000].flatMap { count in
        [
            Nesting("\(count) brackets", repeated("[", count), "1:1: " + tooDeep),
            Nesting("\(count) pairs of brackets", repeated("[", count) + repeated("]", count), "1:1: " + tooDeep),
            Nesting("\(count) objects", repeated(#"{"a":"#, count), "1:4996: " + tooDeep),
            Nesting("\(count) braces", repeated("{", count), "1:1: " + tooDeep),
            Nesting("\(count) dashes", repeated("- ", count), "1:1999: " + tooDeep),
            Nesting(
                "\(count) question marks",
                repeated("? ", count),
                "1:1: Expected a map with the keys of a spec, got a string"
            ),
        ]
    }

    static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    /// The place and the sentence of the first diagnostic.
    static func first(_ text: String) -> String {
        let line = diagnostics(Array(text.utf8)).split(separator: "\n").first.map(String.init) ?? ""
        return line.hasPrefix("spec.yaml:") ? String(line.dropFirst("spec.yaml:".count)) : line
    }

    @Test(arguments: nestings) func `nesting without end is refused`(_ nesting: Nesting) {
        #expect(Self.first(nesting.text) == nesting.expected)
    }

    @Test func `nesting in block style is refused`() {
        let text = (0..<2_000).map { Self.repeated(" ", $0) + "a:\n" }.joined()
        #expect(Self.first(text) == "1000:1000: " + Self.tooDeep)
    }

    @Test func `aliases are not expanded`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(diagnostics(Array(text.utf8)).contains("spec.yaml:2:10: Aliases such as '*a0' are not supported\n"))
    }

    @Test func `maps as keys of maps are refused before they are hashed`() {
        let text = Self.repeated("{", 900) + Self.repeated("x, ", 20_000) + Self.repeated("}", 900)
        #expect(Self.first(text) == "1:2: A list or a map cannot be a key")
    }

    @Test func `maps as keys behind a duplicate key are refused before they are hashed`() {
        let text =
            "a:\n  b: 1\n  b: 2\nc: " + Self.repeated("{", 900) + Self.repeated("x, ", 20_000)
            + Self.repeated("}", 900)
        #expect(Self.first(text) == "4:5: A list or a map cannot be a key")
    }

    @Test func `many maps before a colon are refused`() {
        let line = "- " + Self.repeated("{", 160) + "a: b" + Self.repeated("}: c", 159) + "}\n"
        let expected = "1:1: The spec has more than 20000 lists or maps before a colon"
        #expect(Self.first(Self.repeated(line, 200)) == expected)
    }

    @Test func `many duplicate keys are refused`() {
        #expect(Self.first(Self.repeated("a: 1\n", 1_000)) == "1:1: The spec has more than 20 duplicate keys")
    }

    @Test func `duplicate keys of a large spec are reported one at a time`() {
        let text = Self.repeated("a: 1\n", 20) + "b: " + Self.repeated("x", 4_000_000)
        #expect(Self.first(text) == "4:1: Key 'a' is used more than once here")
    }

    @Test func `a spec of 4 MiB is read and one byte more is refused`() throws {
        let start = "name: a\nfiles: [{path: /a, text: \""
        let size = 4_194_304 - start.utf8.count - 3
        let text = start + Self.repeated("x", size) + "\"}]"
        #expect(try decode(text).files == [FileSpec(path: "/a", content: .text(Self.repeated("x", size)))])
        let expected = "1:1: The spec has more than 4194304 bytes (4 MiB), which is the limit"
        #expect(Self.first(text + "\n") == expected)
    }

    @Test func `only the first hundred diagnostics are kept`() throws {
        let text = "name: a\n" + (0..<5_000).map { "key\($0): 1\n" }.joined()
        let error = try #require(throws: SpecError.self) { try decode(text) }
        #expect(error.diagnostics.count == 100)
        #expect(error.omittedCount == 4_900)
        #expect(error.diagnostics.map(\.line) == Array(2...101))
        #expect(error.description.hasSuffix("\nand 4900 more"))
    }
}

/// Bytes that are not a text.
@Suite struct SpecBytesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let expected: String

        var testDescription: String { name }
    }

    static let forbidden = "hint: inside double quotes it can be written as an escape"
    static let cases = [
        Case(
            name: "nothing",
            bytes: [],
            expected: "spec.yaml:1:1: The spec is empty\nhint: the least is a line such as 'name: app'"
        ),
        Case(
            name: "not UTF-8",
            bytes: Array("name: a\ntag: \"é".utf8) + [0xFF],
            expected: "spec.yaml:2:8: The spec is not UTF-8: byte 0xff cannot stand here"
        ),
        Case(
            name: "UTF-8 that is cut off",
            bytes: Array("a: ".utf8) + [0xE2, 0x82],
            expected: "spec.yaml:1:4: The spec is not UTF-8: byte 0xe2 cannot stand here"
        ),
        Case(
            name: "UTF-16",
            bytes: [0xFF, 0xFE, 0x61, 0x00],
            expected: "spec.yaml:1:1: The spec is not UTF-8: byte 0xff cannot stand here"
        ),
        Case(
            name: "NUL",
            bytes: Array("name: a\r\ntag: \0".utf8),
            expected: "spec.yaml:2:6: Character U+0000 cannot stand in a spec\ntag:  \n     ^\n" + forbidden
        ),
        Case(
            name: "a bell",
            bytes: Array("name: \u{7}".utf8),
            expected: "spec.yaml:1:7: Character U+0007 cannot stand in a spec\nname:  \n      ^\n" + forbidden
        ),
        Case(
            name: "a character that marks",
            bytes: Array("name: \u{10FFFB}".utf8),
            expected: "spec.yaml:1:7: Character U+10FFFB cannot stand in a spec\nname: \u{10FFFB}\n      ^\n"
                + forbidden
        ),
    ]

    @Test(arguments: cases) func `bytes that are no spec are refused`(_ value: Case) {
        #expect(diagnostics(value.bytes) == value.expected)
    }

    @Test func `a byte order mark and line ends of Windows are read`() throws {
        let spec = try ImageSpec.decode(
            [0xEF, 0xBB, 0xBF] + Array("name: a\r\ntag: b\r\n".utf8),
            file: "",
            directory: ""
        )
        #expect(spec.name == "a")
        #expect(spec.tag == "b")
    }

    @Test func `no prefix and no changed byte of a spec crashes`() {
        let text = Array(SpecCase.good.map(\.text).filter { $0.contains("Healthcheck") }.joined().utf8.prefix(1_200))
        for end in stride(from: 0, to: text.count, by: 7) { _ = diagnostics(Array(text[..<end])) }
        for (index, byte) in zip(0..., "[]{}&*!|>'\"%@`#?:-,\\\t\n\u{0}".utf8) {
            for place in stride(from: index, to: text.count, by: 29) {
                var changed = text
                changed[place] = byte
                _ = diagnostics(changed)
            }
        }
    }
}
