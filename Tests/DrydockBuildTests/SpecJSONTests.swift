// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Testing

/// Specs in JSON: what is read from them, which files count as JSON, and input that is made to do harm.
@Suite struct SpecJSONTests {
    private func decode(_ text: String, file: String = "spec.json") throws -> ImageSpec {
        try ImageSpec.decode(Array(text.utf8), file: file, directory: "specs")
    }

    /// The place and the sentence of the first diagnostic.
    private func first(_ text: String, file: String = "spec.json") -> String {
        let line = diagnostics(Array(text.utf8), file: file).split(separator: "\n").first.map(String.init) ?? ""
        return line.hasPrefix(file + ":") ? String(line.dropFirst(file.count + 1)) : line
    }

    // MARK: - What is read

    @Test func `escapes become their characters`() throws {
        let spec = try decode(
            #"{"name": "a", "annotations": {"\u006b": "\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00\u007F", "raw": "é😀"}}"#
        )
        #expect(spec.annotations == ["k": "\"\\/\u{8}\u{C}\n\r\té😀\u{7F}", "raw": "é😀"])
    }

    @Test func `characters that YAML forbids stay as they are`() throws {
        let text = "\u{7F}\u{80}\u{9F}\u{FFFE}\u{FFFF}\u{10FFFB}\u{10FFFC}\u{10FFFD}*?"
        for file in ["spec.json", "spec.yaml", "standard input"] {
            let spec = try decode("{\"name\": \"a\", \"annotations\": {\"k\": \"\(text)\"}}", file: file)
            #expect(spec.annotations == ["k": text])
        }
    }

    @Test func `JSON and YAML of one spec are the same`() throws {
        let json = #"{"name": "a", "uid": -0, "config": {"Memory": 9223372036854775807}, "tag": null, "mtime": "now"}"#
        let yaml = "name: a\nuid: -0\nconfig: {Memory: 9223372036854775807}\ntag:\nmtime: now\n"
        #expect(try decode(json) == decode(yaml, file: "spec.yaml"))
    }

    @Test func `a byte order mark is passed over`() throws {
        let bytes: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(#"{"name": "a", "uid": true}"#.utf8)
        let place = diagnostics(bytes, file: "spec.json").split(separator: "\n").first
        #expect(place == "spec.json:1:22: Expected a whole number for 'uid', got a boolean")
    }

    // MARK: - Which files are JSON

    @Test(arguments: ["spec.json", "a.yaml/SPEC.JSON", ".json"]) func `a file named so is JSON`(_ file: String) {
        #expect(first("{name: a}", file: file) == "1:2: Invalid JSON: expected a key in double quotes, got 'n'")
    }

    @Test(arguments: ["spec.yaml", "spec.yml", "spec", "json", "spec.json.yaml", "standard input"])
    func `another file may be either`(_ file: String) throws {
        #expect(try decode("{name: a,}", file: file).name == "a")
        let json = " \t\r\n" + #"{"name": "a", "annotations": {"k": "\ud83d\ude00"}}"#
        #expect(try decode(json, file: file).annotations == ["k": "😀"])
        let expected = "2:1: Invalid YAML: did not find expected ',' or '}' while parsing a flow mapping"
        #expect(first("{\"name\": \"a\"\n", file: file) == expected)
    }

    @Test func `what is wrong as JSON is not said about YAML`() {
        let text = #"{"name": "a", "name": "b", "uid": 1,}"#
        let expected = """
            spec.yaml:1:15: Duplicate key 'name', first used on line 1
            \(text)
                          ^
            """
        #expect(diagnostics(Array(text.utf8)) == expected)
    }

    // MARK: - Harm

    @Test(arguments: [65, 10_000, 500_000]) func `nesting without end is refused`(_ count: Int) {
        let tooDeep = "The spec is nested deeper than 64 levels"
        #expect(first(String(repeating: "[", count: count)) == "1:65: " + tooDeep)
        #expect(first(String(repeating: #"{"a":"#, count: count)) == "1:321: " + tooDeep)
    }

    @Test func `64 levels are read`() {
        let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(first(text) == "1:1: Expected a map with the keys of a spec, got a list")
    }

    @Test func `a number of any length is bounded in its message`() {
        let digits = String(repeating: "9", count: 1_000_000)
        let shown = String(repeating: "9", count: 80) + "…"
        #expect(
            first("{\"name\": \"a\", \"uid\": \(digits)}")
                == "1:22: Expected a whole number from 0 to 4294967294 for 'uid', got '\(shown)'"
        )
        let text = diagnostics(Array("{\"name\": \(digits)}".utf8), file: "spec.json")
        #expect(text.hasPrefix("spec.json:1:10: Expected a string for 'name', got a number\n"))
        #expect(text.utf8.count < 400)
    }

    @Test func `more than a million values are refused`() {
        let values = String(repeating: "1,", count: 999_998)
        #expect(first("[\(values)1]") == "1:1: Expected a map with the keys of a spec, got a list")
        #expect(first("[\(values)1,1]") == "1:2000000: The spec has more than 1000000 values")
    }

    @Test func `many duplicate keys are reported`() throws {
        let text = "{\"name\": \"a\"" + String(repeating: ",\n\"name\": \"b\"", count: 5_000) + "}"
        let error = try #require(throws: SpecError.self) { try decode(text) }
        #expect(error.diagnostics.count == 100)
        #expect(error.omittedCount == 4_900)
        #expect(error.diagnostics.map(\.line) == Array(2...101))
    }

    @Test func `a spec of 4 MiB is read and one byte more is refused`() throws {
        let start = "{\"name\": \"a\", \"annotations\": {\"k\": \""
        let size = 4_194_304 - start.utf8.count - 3
        let text = start + String(repeating: "x", count: size) + "\"}}"
        #expect(try decode(text).annotations["k"]?.utf8.count == size)
        #expect(first(text + "\n") == "1:1: The spec has more than 4194304 bytes (4 MiB), which is the limit")
    }

    @Test(arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0x80]] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(_ bytes: [UInt8]) {
        let text = Array(#"{"name": ""#.utf8) + bytes + Array(#""}"#.utf8)
        let expected = "spec.json:1:11: The spec is not UTF-8: byte 0x\(String(bytes[0], radix: 16)) cannot stand here"
        #expect(diagnostics(text, file: "spec.json") == expected)
    }

    static let whole = Array(
        #"{"name": "a", "tag": "\u0061", "uid": -0, "annotations": {"k": "é😀\ud83d\ude00"}, "copyToRoot": ["/"]}"#.utf8
    )

    @Test func `a document that is cut off anywhere is refused`() {
        #expect(diagnostics(Self.whole, file: "spec.json") == "")
        for end in Self.whole.indices.dropFirst() {
            let text = diagnostics(Array(Self.whole[..<end]), file: "spec.json")
            #expect(text.contains("Invalid JSON: expected") || text.contains("is not UTF-8"), "\(end): \(text)")
        }
    }

    @Test func `no changed byte crashes`() {
        for place in Self.whole.indices {
            for byte in "[]{}\"\\,:-+.0eutn \n\u{0}".utf8 {
                var changed = Self.whole
                changed[place] = byte
                _ = diagnostics(changed, file: "spec.json")
                _ = diagnostics(changed)
            }
        }
    }
}
