// SPDX-License-Identifier: Apache-2.0

import Yams

/// Turns what Yams reports into a sentence with a place.
enum YAMLFailure: Sendable {
    static func problem(_ error: any Error, in text: String) -> SpecProblemAt {
        guard let error = error as? YamlError else { return SpecProblemAt(SpecProblem("Invalid YAML"), .start) }
        return switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            SpecProblemAt(sentence(context?.text, problem, at: SpecPosition(mark), text), SpecPosition(mark))
        case .memory: SpecProblemAt(SpecProblem("The spec does not fit into memory"), .start)
        default: SpecProblemAt(SpecProblem("Invalid YAML"), .start)
        }
    }

    private static func sentence(
        _ context: String?,
        _ problem: String,
        at place: SpecPosition,
        _ text: String
    ) -> SpecProblem {
        if problem.hasPrefix("Maximum nesting level") { return .nesting }
        if problem == "but found another document" {
            return SpecProblem("The file holds more than one YAML document", hint: "write one file for each image")
        }
        let words = SpecMarkers.unmark(problem) + (context.map { " " + $0 } ?? "")
        return SpecProblem("Invalid YAML: \(words)", hint: hint(problem, character(at: place, in: text)))
    }

    private static func hint(_ problem: String, _ character: Unicode.Scalar?) -> String? {
        switch (problem, character) {
        case ("found character that cannot start any token", "\t"): "indent with spaces, not with tabs"
        case ("found character that cannot start any token", _): "put the text into quotes"
        case ("mapping values are not allowed in this context", _):
            "a text with ': ' in it needs quotes; a key stands at the same column as its siblings"
        default: nil
        }
    }

    private static func character(at place: SpecPosition, in text: String) -> Unicode.Scalar? {
        let starts = SpecSource.lineStarts(of: text)
        let scalars = text.unicodeScalars
        guard starts.indices.contains(place.line - 1),
            let index = scalars.index(starts[place.line - 1], offsetBy: place.column - 1, limitedBy: text.endIndex),
            index < text.endIndex
        else { return nil }
        return scalars[index]
    }
}

extension SpecProblem {
    static let collectionKey = SpecProblem("A list or a map cannot be a key")
    static let unmarkableKey = SpecProblem("Expected a key without tag and anchor")
}
