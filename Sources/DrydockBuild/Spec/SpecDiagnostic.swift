// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong in a spec, with the place where it stands.
public struct SpecDiagnostic: Hashable, Sendable {
    /// The spec's file in the user's words.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, counted in Unicode scalars.
    public let column: Int
    /// One sentence for the person.
    public let message: String
    /// The line that is meant; a part of it if it is long, and empty if the whole file is meant.
    public let excerpt: String
    /// How many characters of ``excerpt`` stand before the place.
    public let caret: Int
    /// The one action that usually helps, if there is one.
    public let hint: String?

    /// A diagnostic with its place and its sentence; the excerpt is optional.
    package init(file: String, place: SpecPosition, problem: SpecProblem, excerpt: (text: String, caret: Int)) {
        self.file = file
        self.line = place.line
        self.column = place.column
        self.message = problem.message
        self.excerpt = excerpt.text
        self.caret = excerpt.caret
        self.hint = problem.hint
    }
}

extension SpecDiagnostic: CustomStringConvertible {
    /// The sentence with its place in front, then the source line, a caret below the place, and the hint.
    public var description: String {
        var lines = ["\(file):\(line):\(column): \(message)"]
        if !excerpt.isEmpty {
            lines.append(excerpt)
            lines.append(String(repeating: " ", count: caret) + "^")
        }
        if let hint { lines.append("hint: \(hint)") }
        return lines.joined(separator: "\n")
    }
}

/// Everything that is wrong in a spec, in the order of the file.
public struct SpecError: Error, Hashable, Sendable {
    /// At most this many diagnostics are kept: a file with more is wrong as a whole.
    public static let diagnosticLimit = 100

    /// The diagnostics, by line and column.
    public let diagnostics: [SpecDiagnostic]
    /// How many more there are.
    public let omittedCount: Int

    /// Keeps the first ``diagnosticLimit`` of the sorted diagnostics.
    package init(sorted diagnostics: [SpecDiagnostic], total: Int) {
        self.diagnostics = diagnostics
        self.omittedCount = total - diagnostics.count
    }
}

extension SpecError: CustomStringConvertible {
    /// All diagnostics, one after the other.
    public var description: String {
        var parts = diagnostics.map(\.description)
        if omittedCount > 0 { parts.append("and \(omittedCount) more") }
        return parts.joined(separator: "\n")
    }
}

/// A line and a column of a spec, both from 1; columns count Unicode scalars.
package struct SpecPosition: Hashable, Comparable, Sendable {
    /// The line, from 1.
    package var line: Int
    /// The column, from 1.
    package var column: Int

    /// The first character of a file.
    package static let start = SpecPosition(line: 1, column: 1)

    /// A position.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Line by line, then by column.
    package static func < (left: SpecPosition, right: SpecPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// What is wrong, without the place.
package struct SpecProblem: Hashable, Sendable {
    /// One sentence for the person.
    package let message: String
    /// The one action that usually helps, if there is one.
    package let hint: String?

    /// A sentence and, if there is one, the action that usually helps.
    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    /// The nesting that a spec may have; its own keys need five levels.
    static let nestingLimit = 64

    static let nesting = SpecProblem("The spec is nested deeper than \(nestingLimit) levels")

    static func duplicateKey(_ key: String, firstLine: Int) -> SpecProblem {
        SpecProblem("Duplicate key \(quoted(key)), first used on line \(firstLine)")
    }

    /// User input for a sentence: in single quotes, control characters escaped, the end cut off if it is long.
    package static func quoted(_ text: String) -> String {
        let limit = 80
        let shown = text.unicodeScalars.prefix(limit).map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\0": "\\0"
            default:
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            }
        }
        let end = text.unicodeScalars.dropFirst(limit).isEmpty ? "" : "…"
        return "'\(shown.joined())\(end)'"
    }
}
