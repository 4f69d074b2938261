// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What PAX records say of a sparse file, in the three formats of GNU tar.
///
/// Format 0.0 has a record for each number, 0.1 one record with all of them, 1.0 has them before the content.
/// See [GNU tar, "Storing Sparse Files"](https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html).
struct PaxSparse {
    private(set) var name: [UInt8]?
    private(set) var size: Int64?
    /// The map of the formats 0.0 and 0.1; it is empty in the format 1.0.
    private(set) var map: SparseMap
    private var major: [UInt8]?
    private var minor: [UInt8]?
    /// An offset whose length hasn't come yet.
    private var pendingOffset: Int64?
    private let offset: Int64

    init(limits: TarLimits, at offset: Int64) {
        map = SparseMap(limit: limits.sparseExtentCount, at: offset)
        self.offset = offset
    }

    mutating func apply(_ record: ReadRecord, limits: TarLimits) throws(TarReadingFailure) {
        switch record.keywordText {
        case PaxKeyword.sparseName: name = try record.name(limit: limits.nameLength)
        case PaxKeyword.sparseSize, PaxKeyword.sparseRealSize: size = try record.size()
        case PaxKeyword.sparseMajor: major = record.value
        case PaxKeyword.sparseMinor: minor = record.value
        case PaxKeyword.sparseMap: try applyMap(record)
        case PaxKeyword.sparseOffset: try applyOffset(record)
        case PaxKeyword.sparseCount: try applyCount(record)
        default: break
        }
    }

    /// Whether the map stands before the content.
    func mapIsInContent() throws(TarReadingFailure) -> Bool {
        switch (major.map { ByteString($0) }, minor.map { ByteString($0) }) {
        case (nil, nil), ("0", "0"), ("0", "1"): return false
        case ("1", "0"): return true
        case (let major, let minor):
            let reason = TarReadingFailure.Reason.unsupportedSparseFormat(major: major ?? "", minor: minor ?? "")
            throw TarReadingFailure(reason, at: offset)
        }
    }

    /// Checks that no length is missing and that the size is known.
    func finishedSize() throws(TarReadingFailure) -> Int64 {
        guard pendingOffset == nil, let size else { throw TarReadingFailure(.malformedSparseMap, at: offset) }
        return size
    }

    private mutating func applyMap(_ record: ReadRecord) throws(TarReadingFailure) {
        var start: Int64?
        var rest = record.value[...]
        while true {
            let part = rest.prefix { $0 != UInt8(ascii: ",") }
            guard let number = PaxNumber.unsigned(part) else {
                throw TarReadingFailure(.malformedSparseMap, at: record.offset)
            }
            if let begin = start { try map.append(offset: begin, count: number) }
            start = start == nil ? number : nil
            guard part.endIndex < rest.endIndex else { break }
            rest = rest[(part.endIndex + 1)...]
        }
        guard start == nil else { throw TarReadingFailure(.malformedSparseMap, at: record.offset) }
    }

    private mutating func applyOffset(_ record: ReadRecord) throws(TarReadingFailure) {
        guard pendingOffset == nil, let start = try record.size() else {
            throw TarReadingFailure(.malformedSparseMap, at: record.offset)
        }
        pendingOffset = start
    }

    private mutating func applyCount(_ record: ReadRecord) throws(TarReadingFailure) {
        guard let start = pendingOffset, let count = try record.size() else {
            throw TarReadingFailure(.malformedSparseMap, at: record.offset)
        }
        try map.append(offset: start, count: count)
        pendingOffset = nil
    }
}
