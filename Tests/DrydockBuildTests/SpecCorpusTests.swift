// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Foundation
import Testing

@Suite struct SpecCorpusTests {
    @Test func `the corpus has not lost its cases`() {
        #expect(SpecCase.good.count >= 58)
        #expect(SpecCase.bad.count >= 203)
        #expect(SpecCase.bad.count { $0.isBeyondSchema } <= 20)
    }

    @Test(arguments: SpecCase.good) func `a good spec is read`(_ spec: SpecCase) {
        #expect(diagnostics(Array(spec.text.utf8)) == "")
    }

    @Test(arguments: SpecCase.bad) func `a bad spec is refused with these words`(_ spec: SpecCase) {
        #expect(diagnostics(Array(spec.text.utf8)) == spec.expected)
    }

    @Test func `the JSON Schema accepts what is read and nothing else`() throws {
        let python = try #require(
            try Python.find(),
            "No Python with jsonschema and yaml; install them with: apt-get install python3-jsonschema python3-yaml"
        )
        #expect(try python.verdicts("good") == SpecCase.good.map { _ in "valid" })
        let bad = try python.verdicts("bad")
        try #require(bad.count == SpecCase.bad.count)
        for (spec, verdict) in zip(SpecCase.bad, bad) {
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
