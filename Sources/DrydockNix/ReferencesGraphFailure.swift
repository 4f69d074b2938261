// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// Why a file is not a references graph.
public enum ReferencesGraphFailure: Error, Equatable, CustomStringConvertible {
    /// It holds nothing.
    case empty
    /// It is larger than is read.
    case tooLarge(byteCount: Int)
    /// It starts with something that none of the known forms starts with.
    case unknownForm
    /// It is the form that has neither hashes nor sizes.
    case withoutSizes
    /// A line is not what it should be; the clause says what is wrong with it.
    case malformedLine(Int, String)
    /// The text ends within an entry; the line is the first one of the entry.
    case truncated(line: Int)
    /// It is not JSON, or the JSON does not hold a graph.
    case malformedJSON(JSONFailure)
    /// What it lists is not a closure.
    case incomplete(StoreClosure.Failure)

    /// One sentence for the person, and what usually helps.
    public var description: String {
        switch self {
        case .empty: "Invalid references graph: it is empty"
        case .tooLarge(let count):
            "Invalid references graph: expected at most \(ReferencesGraphFile.limits.bytes) bytes, got \(count) bytes"
        case .unknownForm:
            "Invalid references graph: expected JSON or store paths, each on a line of its own with what is known of it"
                + Self.formsHint
        case .withoutSizes:
            "Invalid references graph: it is of the form that has neither hashes nor sizes of the store paths"
                + Self.formsHint
        case .malformedLine(let line, let clause): "Invalid references graph at line \(line): \(clause)"
        case .truncated(let line): "Invalid references graph: it ends within the entry that begins at line \(line)"
        case .malformedJSON(let failure): "Invalid references graph: \(failure.clause)"
        case .incomplete(let failure): "Invalid references graph: \(failure)"
        }
    }

    private static let formsHint =
        "\nhint: give the file 'registration' of closureInfo, the JSON of exportReferencesGraph with __structuredAttrs, or "
        + "what 'nix path-info --json --recursive' prints"
}
