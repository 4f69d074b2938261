// SPDX-License-Identifier: Apache-2.0

/// The map of a sparse file while it is read; ``finished(size:storedSize:)`` checks the whole.
struct SparseMap {
    private var extents: [SparseExtent] = []
    private let limit: Int
    /// Where the header stands in the archive.
    private let offset: Int64

    init(limit: Int, at offset: Int64) {
        self.limit = limit
        self.offset = offset
    }

    mutating func append(offset start: Int64, count: Int64) throws(TarReadingFailure) {
        guard extents.count < limit else { throw TarReadingFailure(.tooManySparseExtents(limit: limit), at: offset) }
        guard (0...TarFormat.highestSize).contains(start), (0...TarFormat.highestSize - start).contains(count) else {
            throw TarReadingFailure(.numberOutOfRange(field: "sparse map"), at: offset)
        }
        let end = extents.last.map { $0.offset + $0.count } ?? 0
        guard start >= end else { throw TarReadingFailure(.unsortedSparseMap, at: offset) }
        extents.append(SparseExtent(offset: start, count: count))
    }

    /// Appends what a table in a block has, until the first extent without a length.
    mutating func append(tableIn block: [UInt8], _ table: TarField) throws(TarReadingFailure) {
        for start in stride(from: table.offset, to: table.range.upperBound, by: TarField.sparseExtentWidth) {
            let startField = TarField(at: start, width: TarField.sparseExtentWidth / 2)
            let countField = TarField(at: startField.range.upperBound, width: startField.width)
            guard block[countField.offset] != 0 else { return }
            guard let start = startField.number(in: block), let count = countField.number(in: block) else {
                throw TarReadingFailure(.malformedSparseMap, at: offset)
            }
            if start != 0 || count != 0 { try append(offset: start, count: count) }
        }
    }

    /// The extents that have bytes, if they fit into the file and match what is stored.
    func finished(size: Int64, storedSize: Int64) throws(TarReadingFailure) -> [SparseExtent] {
        if let last = extents.last, last.offset + last.count > size {
            throw TarReadingFailure(.sparseMapBeyondEnd(size: size), at: offset)
        }
        // In order, without overlap, and the last end is at most 2^62: the sum cannot overflow.
        let mapped = extents.reduce(0) { $0 + $1.count }
        guard mapped == storedSize else {
            throw TarReadingFailure(.sparseSizeMismatch(expected: mapped, actual: storedSize), at: offset)
        }
        return extents.filter { $0.count > 0 }
    }
}
