// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import Foundation
import Testing

/// A spec of `Fixtures/specs` with what is expected of it.
struct SpecCase: Sendable, CustomTestStringConvertible {
    let title: String
    /// The name that the file has for the diagnostics; it decides whether the spec must be JSON.
    let file: String
    let text: String
    /// All diagnostics as they are printed; empty for a good spec.
    let expected: String
    /// Whether the JSON Schema accepts it although it is wrong; the title says why.
    let isBeyondSchema: Bool

    var testDescription: String { title }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// `=== title` starts a case, `>>>` ends its spec, and the rest is expected.
    static func load(_ name: String) -> [SpecCase] {
        let url = folder.appending(path: "specs/\(name).txt")
        guard let corpus = try? String(contentsOf: url, encoding: .utf8) else { return [] }
        return ("\n" + corpus).components(separatedBy: "\n=== ").dropFirst().map { part in
            let lines = part.components(separatedBy: "\n")
            let end = lines.firstIndex(of: ">>>") ?? lines.count
            return SpecCase(
                title: lines[0],
                file: name.hasSuffix("-json") ? "spec.json" : "spec.yaml",
                text: lines[1..<end].map { $0 + "\n" }.joined(),
                expected: lines.dropFirst(end + 1).joined(separator: "\n").trimmingCharacters(in: .newlines),
                isBeyondSchema: lines[0].contains("[schema cannot express: ")
            )
        }
    }

    static let good = load("good")
    static let bad = load("bad")
    static let goodJSON = load("good-json")
    static let badJSON = load("bad-json")
}

/// Decodes a text; the file is `spec.yaml` in the directory `specs`.
func decode(_ text: String) throws -> ImageSpec {
    try ImageSpec.decode(Array(text.utf8), file: "spec.yaml", directory: "specs")
}

/// What is printed about a text that is wrong; empty if nothing is.
func diagnostics(_ bytes: [UInt8], file: String = "spec.yaml") -> String {
    do {
        _ = try ImageSpec.decode(bytes, file: file, directory: "specs")
        return ""
    } catch {
        return error.description
    }
}
