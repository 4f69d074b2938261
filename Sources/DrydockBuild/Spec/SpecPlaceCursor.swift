// SPDX-License-Identifier: Apache-2.0

/// Walks forward through a text and tells the place of each byte that it is asked for.
struct SpecPlaceCursor {
    private var scalars: String.UnicodeScalarView.Iterator
    private var offset = 0
    private var place = SpecPosition.start
    private var previous: Unicode.Scalar = " "

    init(_ text: String) {
        scalars = text.unicodeScalars.makeIterator()
    }

    /// The place of a byte; an offset before that of the last call has the place of the last call.
    mutating func place(at target: Int) -> SpecPosition {
        while offset < target, let scalar = scalars.next() {
            offset += UTF8.width(scalar)
            place.advance(over: scalar, after: previous)
            previous = scalar
        }
        return place
    }
}

extension SpecPosition {
    /// Goes over one character; a carriage return with a line feed is one break.
    mutating func advance(over scalar: Unicode.Scalar, after previous: Unicode.Scalar) {
        guard SpecSource.isLineBreak(scalar) else {
            column += 1
            return
        }
        if !(scalar == "\n" && previous == "\r") { line += 1 }
        column = 1
    }
}
