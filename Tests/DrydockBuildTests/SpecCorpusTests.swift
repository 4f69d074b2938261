// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Foundation
import Testing

@Suite struct SpecCorpusTests {
    @Test func `the corpus has not lost its cases`() {
        #expect(SpecCase.good.count >= 60)
        #expect(SpecCase.bad.count >= 204)
        #expect(SpecCase.bad.count { $0.isBeyondSchema } <= 20)
        #expect(SpecCase.goodJSON.count >= 8)
        #expect(SpecCase.badJSON.count >= 42)
        #expect(SpecCase.badJSON.count { $0.isBeyondSchema } <= 4)
    }

    @Test(arguments: SpecCase.good + SpecCase.goodJSON) func `a good spec is read`(_ spec: SpecCase) {
        #expect(diagnostics(Array(spec.text.utf8), file: spec.file) == "")
    }

    @Test(arguments: SpecCase.bad + SpecCase.badJSON) func `a bad spec is refused with these words`(_ spec: SpecCase) {
        #expect(diagnostics(Array(spec.text.utf8), file: spec.file) == spec.expected)
    }

    @Test func `the JSON Schema accepts what is read and nothing else`() throws {
        let python = try #require(
            try Python.find(),
            "No Python with jsonschema and yaml; install them with: apt-get install python3-jsonschema python3-yaml"
        )
        let good = SpecCase.good + SpecCase.goodJSON
        #expect(try python.verdicts("good") + python.verdicts("good-json") == good.map { _ in "valid" })
        let bad = SpecCase.bad + SpecCase.badJSON
        let verdicts = try python.verdicts("bad") + python.verdicts("bad-json")
        try #require(verdicts.count == bad.count)
        for (spec, verdict) in zip(bad, verdicts) {
            #expect(verdict == (spec.isBeyondSchema ? "valid" : "invalid"), "\(spec.title)")
        }
    }

    @Test func `the JSON Schema describes every key`() throws {
        let data = try Data(contentsOf: Python.schema)
        let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: Any])
        for object in ([schema] + definitions.values.compactMap { $0 as? [String: Any] }) {
            for (key, property) in object["properties"] as? [String: Any] ?? [:] {
                let property = try #require(property as? [String: Any])
                #expect(property["description"] is String, "\(key)")
            }
        }
    }
}

/// A Python that can validate against a JSON Schema.
private struct Python {
    let command: String

    static let schema = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../schema/image.schema.json").standardized

    /// The first of `DRYDOCK_TEST_PYTHON` and the usual places that has both packages.
    static func find() throws -> Python? {
        let named = ProcessInfo.processInfo.environment["DRYDOCK_TEST_PYTHON"].map { [$0] } ?? []
        return try (named + ["python3", "/usr/bin/python3"]).map(Python.init).first { python in
            try python.run(["-c", "import jsonschema, yaml"], errors: FileHandle.nullDevice).status == 0
        }
    }

    /// `valid` or `invalid` for each case of a corpus.
    func verdicts(_ corpus: String) throws -> [String] {
        let script = SpecCase.folder.appending(path: "validate_specs.py").path
        let path = SpecCase.folder.appending(path: "specs/\(corpus).txt").path
        let result = try run([script, Self.schema.path, path], errors: FileHandle.standardError)
        try #require(result.status == 0)
        return result.output.split(separator: "\n").map(String.init)
    }

    private func run(_ arguments: [String], errors: FileHandle) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [command] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
