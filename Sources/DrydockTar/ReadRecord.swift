// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A record that was read from a PAX header.
struct ReadRecord {
    let keyword: [UInt8]
    let value: [UInt8]
    /// Where it stands in the archive.
    let offset: Int64

    /// The keyword for comparisons and messages.
    var keywordText: String { String(decoding: keyword, as: UTF8.self) }

    /// A path or a name; nil if the value is empty, which withdraws an earlier one.
    func name(limit: Int) throws(TarReadingFailure) -> [UInt8]? {
        guard !value.contains(0) else { throw TarReadingFailure(.nameWithNUL(keyword: keywordText), at: offset) }
        guard value.count <= limit else { throw TarReadingFailure(.nameTooLong(limit: limit), at: offset) }
        return value.isEmpty ? nil : value
    }

    /// A size or an offset.
    func size() throws(TarReadingFailure) -> Int64? {
        guard !value.isEmpty else { return nil }
        let size = try checked(PaxNumber.unsigned(value[...]))
        guard size <= TarFormat.highestSize else {
            throw TarReadingFailure(.numberOutOfRange(field: keywordText), at: offset)
        }
        return size
    }

    /// The number of a user or a group.
    func ownerNumber() throws(TarReadingFailure) -> UInt32? {
        guard !value.isEmpty else { return nil }
        guard let number = try UInt32(exactly: checked(PaxNumber.unsigned(value[...]))) else {
            throw TarReadingFailure(.numberOutOfRange(field: keywordText), at: offset)
        }
        return number
    }

    /// A time in whole seconds.
    func seconds() throws(TarReadingFailure) -> Int64? {
        value.isEmpty ? nil : try checked(PaxNumber.seconds(value))
    }

    private func checked(_ number: Int64?) throws(TarReadingFailure) -> Int64 {
        guard let number else {
            throw TarReadingFailure(.badNumber(field: keywordText, text: ByteString(value)), at: offset)
        }
        return number
    }
}
