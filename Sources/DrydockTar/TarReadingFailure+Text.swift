// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

extension TarReadingFailure.Reason {
    private static let incomplete = "hint: the file is probably incomplete: get it again"

    /// What is wrong, as it reads after a colon.
    var text: String {
        switch self {
        case .truncatedBlock(let available):
            "it ends within a block, expected 512 bytes, got \(available)\n\(Self.incomplete)"
        case .truncatedContent(let name): "it ends within the content of '\(name)'\n\(Self.incomplete)"
        case .badChecksum(let expected, let actual):
            "this is not a header, or it is damaged: expected the checksum \(expected), got \(actual)"
        case .badNumber(let field, let text): "the \(field) '\(text)' is not a number"
        case .numberOutOfRange(let field): "the \(field) is out of range"
        case .loneZeroBlock: "a single block of zeros, which ends an archive only in pairs, is followed by other bytes"
        case .unsupportedType(let type): "a member is of the unknown type '\(ByteString([type]))'"
        case .directoryWithContent(let name, let size): "the directory '\(name)' has a content of \(size) bytes"
        case .emptyName: "a member's name is empty"
        case .emptyLinkTarget(let name): "the target of the link '\(name)' is empty"
        case .nameWithNUL(let keyword): "the record '\(keyword)' contains a NUL byte"
        case .nameTooLong(let limit): "a name is longer than the limit of \(limit) bytes"
        case .tooManyMembers(let limit): "it has more members than the limit of \(limit)"
        case .malformedRecord: "a record's length does not fit its content"
        case .extendedHeaderTooLarge(let size, let limit):
            "the records of a member take \(size) bytes, the limit is \(limit)"
        case .globalRecord(let keyword): "the record '\(keyword)' cannot hold for all members"
        case .repeatedExtension(let type): "two headers of type '\(ByteString([type]))' describe one member"
        case .extensionWithoutMember: "it ends after a header that describes the next member\n\(Self.incomplete)"
        case .unsupportedSparseFormat(let major, let minor): "the sparse format '\(major).\(minor)' is unknown"
        case .malformedSparseMap: "the map of a sparse file is not a list of offsets and lengths"
        case .unsortedSparseMap: "the parts of a sparse file overlap or are not in order"
        case .sparseMapBeyondEnd(let size): "a part of a sparse file is beyond its end at \(size) bytes"
        case .sparseSizeMismatch(let expected, let actual):
            "the parts of a sparse file do not match what is stored: expected \(expected) bytes, got \(actual)"
        case .tooManySparseExtents(let limit): "a sparse file has more parts than the limit of \(limit)"
        }
    }
}
