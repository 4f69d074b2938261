// SPDX-License-Identifier: Apache-2.0

/// Writes tar archives whose bytes depend on the entries alone.
///
/// An archive is, for each entry, the bytes of ``appendHeader(of:to:)``, the content, and zeros up to
/// ``paddedSize(_:)``; and at the end ``appendTrailer(afterBytes:to:)``. All sizes are known before any content is read.
///
/// The form is that of POSIX.1-2001: a plain `ustar` header whenever everything fits into one, else a header of type `x`
/// named `././@PaxHeader` before it, with only those records that are needed. The bytes are the same that Python's
/// `tarfile` writes in its format `PAX_FORMAT`; the records of extended attributes follow the others, by name.
/// See [pax](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13).
public enum TarFormat: Sendable {
    /// Everything in an archive begins at a multiple of this many bytes.
    public static let blockSize = 512
    /// The whole archive's length is a multiple of this many bytes.
    public static let recordSize = 20 * blockSize
    /// The highest size of a member, in bytes: with some room for sums in 64 bits.
    public static let highestSize: Int64 = 1 << 62

    /// Appends everything that comes before the entry's content.
    ///
    /// - Throws: ``TarWritingFailure`` if the format cannot express the entry; `output` is unchanged then.
    public static func appendHeader(of entry: TarEntry, to output: inout [UInt8]) throws(TarWritingFailure) {
        let header = try EntryHeader(entry)
        header.append(to: &output)
    }

    /// The number of bytes that ``appendHeader(of:to:)`` appends.
    ///
    /// - Throws: ``TarWritingFailure`` if the format cannot express the entry.
    public static func headerSize(of entry: TarEntry) throws(TarWritingFailure) -> Int {
        try EntryHeader(entry).size
    }

    /// What a content of that size, from 0 to ``highestSize``, takes in the archive.
    public static func paddedSize(_ contentSize: Int64) -> Int64 {
        precondition((0...highestSize).contains(contentSize), "A content's size is from 0 to 2^62 bytes")
        return roundedUp(contentSize, to: Int64(blockSize))
    }

    /// The number of zeros that end an archive after that many bytes: two blocks and what fills the last record.
    public static func trailerSize(afterBytes count: Int64) -> Int {
        let end = count + 2 * Int64(blockSize)
        return Int(roundedUp(end, to: Int64(recordSize)) - count)
    }

    /// Appends the zeros that end an archive after that many bytes.
    public static func appendTrailer(afterBytes count: Int64, to output: inout [UInt8]) {
        output.append(contentsOf: repeatElement(0, count: trailerSize(afterBytes: count)))
    }

    static func roundedUp(_ count: Int64, to unit: Int64) -> Int64 { (count + unit - 1) / unit * unit }
}
