// SPDX-License-Identifier: Apache-2.0

/// A place in a text in TOML, and the small parts that are read there.
struct TOMLCursor {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    /// The start of a text; line breaks are as on Unix from here on.
    init(_ text: String) { scalars = Array(text.replacing("\r\n", with: "\n").unicodeScalars) }

    /// The next character; nil at the end.
    var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func advance() { position += 1 }

    /// A failure at this place.
    func failure(_ reason: String) -> TOMLDocument.Failure {
        let before = scalars[..<min(position, scalars.count)]
        let lineStart = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let line = before.count { $0 == "\n" } + 1
        return TOMLDocument.Failure(reason: reason, line: line, column: before.count - lineStart + 1)
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    mutating func takeWhile(_ condition: (Unicode.Scalar) -> Bool) -> String {
        var word = String.UnicodeScalarView()
        while let scalar = peek, condition(scalar) {
            word.append(scalar)
            position += 1
        }
        return String(word)
    }

    mutating func expect(_ scalar: Unicode.Scalar) throws(TOMLDocument.Failure) {
        skipSpace()
        if !take(scalar) { throw failure("expected '\(scalar)'") }
    }

    mutating func skipSpace() {
        while let scalar = peek, scalar == " " || scalar == "\t" { position += 1 }
    }

    /// Skips white space, line breaks and comments.
    mutating func skipBlankLines() {
        while let scalar = peek {
            if scalar == "#" {
                skipComment()
            } else if scalar == " " || scalar == "\t" || scalar == "\n" {
                position += 1
            } else {
                return
            }
        }
    }

    /// Only a comment may follow on a line.
    mutating func endLine() throws(TOMLDocument.Failure) {
        skipSpace()
        if peek == "#" { skipComment() }
        guard peek == nil || take("\n") else { throw failure("expected the end of the line") }
    }

    private mutating func skipComment() {
        while let scalar = peek, scalar != "\n" { position += 1 }
    }
}

// MARK: - Texts

extension TOMLCursor {
    /// A text in one or in three quotes.
    mutating func longOrShortText() throws(TOMLDocument.Failure) -> String {
        guard let quote = peek else { throw failure("expected a text") }
        guard scalars[position...].prefix(3).elementsEqual([quote, quote, quote]) else { return try text(quote) }
        position += 3
        _ = take("\n")
        return try content(quote, quoteCount: 3)
    }

    /// A text on one line.
    mutating func text(_ quote: Unicode.Scalar) throws(TOMLDocument.Failure) -> String {
        position += 1
        return try content(quote, quoteCount: 1)
    }

    private mutating func content(_ quote: Unicode.Scalar, quoteCount: Int) throws(TOMLDocument.Failure) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = peek {
            if scalar == quote {
                let run = scalars[position...].prefix(5).prefix { $0 == quote }.count
                guard run < quoteCount else {
                    // Up to two quotes before the closing ones belong to the text.
                    let inside = quoteCount == 1 ? 0 : run - quoteCount
                    text += Array(repeating: quote, count: inside)
                    position += inside + quoteCount
                    return String(text)
                }
            }
            guard scalar != "\n" || quoteCount == 3 else { break }
            position += 1
            if scalar == "\\", quote == "\"" {
                try escape(into: &text, isLong: quoteCount == 3)
            } else {
                text.append(scalar)
            }
        }
        throw failure("a text has no end")
    }

    private mutating func escape(
        into text: inout String.UnicodeScalarView,
        isLong: Bool
    ) throws(TOMLDocument.Failure) {
        guard let scalar = peek else { throw failure("a text has no end") }
        position += 1
        switch scalar {
        case "b": text.append("\u{8}")
        case "t": text.append("\t")
        case "n": text.append("\n")
        case "f": text.append("\u{C}")
        case "r": text.append("\r")
        case "\"", "\\": text.append(scalar)
        case "u": text.append(try hexadecimal(digits: 4))
        case "U": text.append(try hexadecimal(digits: 8))
        case " ", "\t",
            "\n" where isLong:
            // A backslash at the end of a line joins it with the next one.
            while let next = peek, next == " " || next == "\t" || next == "\n" { position += 1 }
        default: throw failure("a backslash begins no character")
        }
    }

    private mutating func hexadecimal(digits: Int) throws(TOMLDocument.Failure) -> Unicode.Scalar {
        let text = String(String.UnicodeScalarView(scalars[position...].prefix(digits)))
        guard text.count == digits, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw failure("a backslash begins no character") }
        position += digits
        return scalar
    }
}
