// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// An archive that is damaged, hostile, or in a form that is not read.
public struct TarReadingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the archive.
    public enum Reason: Hashable, Sendable {
        /// The archive ends within a block.
        case truncatedBlock(available: Int)
        /// The archive ends within the content of a member, or within the records before it.
        case truncatedContent(name: ByteString)
        /// The sum of a header's bytes is not the one it states: this is no tar archive, or it is damaged.
        case badChecksum(expected: Int64, actual: Int64)
        /// A field does not hold a number.
        case badNumber(field: String, text: ByteString)
        /// A number is lower or higher than anything that can be meant.
        case numberOutOfRange(field: String)
        /// A block of zeros is followed by something else than a second one or the end.
        case loneZeroBlock
        /// The type is none that is known.
        case unsupportedType(UInt8)
        /// A directory has content.
        case directoryWithContent(name: ByteString, size: Int64)
        /// The name is empty.
        case emptyName
        /// The link leads nowhere.
        case emptyLinkTarget(name: ByteString)
        /// A name in a PAX record has a NUL byte.
        case nameWithNUL(keyword: String)
        /// A name is longer than the limit.
        case nameTooLong(limit: Int)
        /// There are more members than the limit.
        case tooManyMembers(limit: Int)
        /// A PAX record's length does not fit its content, or it has no keyword.
        case malformedRecord
        /// The records of a PAX header are longer than the limit.
        case extendedHeaderTooLarge(size: Int64, limit: Int)
        /// A global PAX header has a record that can concern only one member.
        case globalRecord(keyword: String)
        /// Two headers of the same type describe one member.
        case repeatedExtension(UInt8)
        /// A header that describes the next member is the last.
        case extensionWithoutMember
        /// A sparse file is of a form that is not known.
        case unsupportedSparseFormat(major: ByteString, minor: ByteString)
        /// The map of a sparse file is no list of pairs of numbers.
        case malformedSparseMap
        /// The map of a sparse file is not in order, or its parts overlap.
        case unsortedSparseMap
        /// The map of a sparse file goes over its end.
        case sparseMapBeyondEnd(size: Int64)
        /// The parts of a sparse file do not have as many bytes as are stored.
        case sparseSizeMismatch(expected: Int64, actual: Int64)
        /// The map of a sparse file has more extents than the limit.
        case tooManySparseExtents(limit: Int)
    }

    /// What is wrong with the archive.
    public let reason: Reason
    /// Where the header or record begins that is wrong, counted from the archive's first byte.
    public let offset: Int64

    /// A failure at that offset.
    package init(_ reason: Reason, at offset: Int64) {
        self.reason = reason
        self.offset = offset
    }

    /// For example: `Cannot read the tar archive at byte 1024: it ends within a block, expected 512 bytes, got 17`.
    public var description: String { "Cannot read the tar archive at byte \(offset): \(reason.text)" }

    /// The same as it reads after a sentence that says which archive cannot be read.
    public var clause: String { "at byte \(offset), \(reason.text)" }
}
