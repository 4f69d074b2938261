// SPDX-License-Identifier: Apache-2.0

/// Passes through the records of a PAX header.
struct PaxRecordReader {
    private static let digitLimit = 20
    private let content: [UInt8]
    /// Where the content begins in the archive.
    private let offset: Int64
    private var position = 0

    init(_ content: [UInt8], at offset: Int64) {
        self.content = content
        self.offset = offset
    }

    /// The next record; nil at the end.
    mutating func next() throws(TarReadingFailure) -> ReadRecord? {
        guard position < content.count else { return nil }
        let start = position
        guard let end = endOfRecord(), let record = record(endingAt: end) else {
            throw TarReadingFailure(.malformedRecord, at: offset + Int64(start))
        }
        position = end
        return record
    }

    /// The end as the record's own length gives it, if there is a line feed right before it.
    private func endOfRecord() -> Int? {
        let digits = content[position...].prefix(Self.digitLimit).prefix { $0 != UInt8(ascii: " ") }
        guard let length = PaxNumber.unsigned(digits), length <= content.count - position else { return nil }
        let end = position + Int(length)
        return Int(length) > digits.count + 1 && content[end - 1] == UInt8(ascii: "\n") ? end : nil
    }

    private func record(endingAt end: Int) -> ReadRecord? {
        guard let space = content[position..<end].firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let text = content[space + 1..<end - 1]
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex else { return nil }
        return ReadRecord(
            keyword: Array(text[..<equals]),
            value: Array(text[(equals + 1)...]),
            offset: offset + Int64(position)
        )
    }
}
