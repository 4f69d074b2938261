// SPDX-License-Identifier: Apache-2.0

/// A Swift file and what it says about other modules.
struct SourceFile {
    /// The path below the package's top.
    let path: String
    let text: String

    var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }

    /// The modules that the file imports, with any attribute, access level, kind and submodule.
    var imports: [String] {
        codeLines.filter { $0.contains("import") }.flatMap { $0.split(separator: ";") }.compactMap { statement in
            let pattern =
                #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:typealias|struct|class|enum|protocol|let|var|func)\s+)?(\w+)/#
            return statement.firstMatch(of: pattern).map { String($0.1) }
        }
    }

    /// The lines without comments and without string literals of several lines.
    private var codeLines: [Substring] {
        let outsideStrings = text.split(separator: "\"\"\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
        let code =
            outsideStrings.contains("/*") ? outsideStrings.replacing(#/\/\*[\s\S]*?\*\//#, with: " ") : outsideStrings
        return code.split(separator: "\n").map { line in
            line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        }
    }
}
