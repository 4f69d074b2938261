// SPDX-License-Identifier: Apache-2.0

/// Takes in the map that stands before the content of a sparse file: decimal numbers, each with a line feed.
///
/// The first is the number of extents; each extent has two. Zeros fill the last block.
struct SparseMapNumbers {
    /// 2^63 has 19 digits.
    private static let digitLimit = 19
    /// Where the map begins in the archive.
    private let offset: Int64
    private var digits: [UInt8] = []
    /// The extents that are still to come; nil until their number is known.
    private var remaining: Int64?
    private var start: Int64?

    init(at offset: Int64) { self.offset = offset }

    /// Whether all extents were there.
    var isFinished: Bool { remaining == 0 }

    /// Takes the numbers of one block and appends the extents that they make up.
    mutating func consume(_ block: [UInt8], into map: inout SparseMap) throws(TarReadingFailure) {
        for byte in block {
            if isFinished { return }
            guard byte == UInt8(ascii: "\n") else {
                digits.append(byte)
                guard digits.count <= Self.digitLimit else { throw TarReadingFailure(.malformedSparseMap, at: offset) }
                continue
            }
            guard let number = PaxNumber.unsigned(digits[...]) else {
                throw TarReadingFailure(.malformedSparseMap, at: offset)
            }
            digits.removeAll(keepingCapacity: true)
            try take(number, into: &map)
        }
    }

    private mutating func take(_ number: Int64, into map: inout SparseMap) throws(TarReadingFailure) {
        guard let count = remaining else {
            remaining = number
            return
        }
        guard let begin = start else {
            start = number
            return
        }
        try map.append(offset: begin, count: number)
        start = nil
        remaining = count - 1
    }
}
