// SPDX-License-Identifier: Apache-2.0

/// The text of a spec, checked for size and encoding before any parser sees it.
struct SpecSource: Sendable {
    /// A spec is written by hand or by a small program; anything larger is another kind of file.
    static let sizeLimit = 4 << 20

    /// The longest part of a line that a diagnostic shows, in Unicode scalars.
    private static let excerptLimit = 120

    let file: String
    let text: String
    /// Where each line starts.
    private let lineStarts: [String.Index]

    private init(file: String, text: String) {
        self.file = file
        self.text = text
        lineStarts = Self.lineStarts(of: text)
    }

    /// Checks the bytes and makes them a text.
    static func check(_ bytes: [UInt8], file: String) throws(SpecError) -> SpecSource {
        guard bytes.count <= sizeLimit else {
            throw failure(file, "The spec has more than \(sizeLimit) bytes (4 MiB), which is the limit")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            let valid = String(decoding: content.prefix(validPrefix(of: content)), as: UTF8.self)
            let lines = lineStarts(of: valid)
            let column = valid.unicodeScalars.distance(from: lines[lines.count - 1], to: valid.endIndex) + 1
            throw failure(
                file,
                "The spec is not UTF-8: byte 0x\(String(content[content.startIndex + valid.utf8.count], radix: 16))"
                    + " cannot stand here",
                at: SpecPosition(line: lines.count, column: column)
            )
        }
        return SpecSource(file: file, text: text)
    }

    /// Refuses what YAML does not allow.
    func checkYAMLCharacters() throws(SpecProblemAt) {
        guard let index = text.unicodeScalars.firstIndex(where: Self.isForbidden) else { return }
        let code = String(text.unicodeScalars[index].value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        let problem = SpecProblem(
            "Character \(name) cannot stand in a spec",
            hint: "inside double quotes it can be written as an escape"
        )
        throw SpecProblemAt(problem, position(of: index))
    }

    /// The diagnostic with the source line of its place.
    func diagnostic(_ problem: SpecProblem, at place: SpecPosition) -> SpecDiagnostic {
        SpecDiagnostic(file: file, place: place, problem: problem, excerpt: excerpt(at: place))
    }

    private func position(of index: String.Index) -> SpecPosition {
        let line = lineStarts.lastIndex { $0 <= index } ?? 0
        return SpecPosition(
            line: line + 1,
            column: text.unicodeScalars.distance(from: lineStarts[line], to: index) + 1
        )
    }

    private func excerpt(at place: SpecPosition) -> (text: String, caret: Int) {
        guard lineStarts.indices.contains(place.line - 1) else { return ("", 0) }
        let rest = text.unicodeScalars[lineStarts[place.line - 1]...]
        // A long line is cut so that the place stays in view.
        let skipped = max(0, place.column - Self.excerptLimit * 2 / 3)
        let shown = rest.dropFirst(skipped).prefix(Self.excerptLimit).prefix { !Self.isLineBreak($0) }
        let printable = shown.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : String($0) }.joined()
        guard !printable.isEmpty else { return ("", 0) }
        return (printable, min(place.column - 1 - skipped, shown.count))
    }

    private static func failure(_ file: String, _ message: String, at place: SpecPosition = .start) -> SpecError {
        let diagnostic = SpecDiagnostic(file: file, place: place, problem: SpecProblem(message), excerpt: ("", 0))
        return SpecError(sorted: [diagnostic], total: 1)
    }

    /// The number of bytes before the first that is not UTF-8.
    private static func validPrefix(of bytes: ArraySlice<UInt8>) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            count += UTF8.width(scalar)
        }
        return count
    }

    /// The characters that YAML does not allow, and the three that ``SpecMarkers`` uses.
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85: false
        case 0xA0...0xD7FF: false
        case 0xE000...0xFFFD: scalar.value == 0xFEFF
        case 0x1_0000...0x10_FFFF: SpecMarkers.all.contains(scalar)
        default: true
        }
    }

    /// The line breaks of YAML 1.1, as the parser counts them.
    static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Where each line starts; a carriage return with a line feed is one break.
    static func lineStarts(of text: String) -> [String.Index] {
        let scalars = text.unicodeScalars
        var starts = [text.startIndex]
        var index = text.startIndex
        while index < text.endIndex {
            let scalar = scalars[index]
            scalars.formIndex(after: &index)
            guard isLineBreak(scalar) else { continue }
            if scalar == "\r", index < text.endIndex, scalars[index] == "\n" { scalars.formIndex(after: &index) }
            starts.append(index)
        }
        return starts
    }
}
