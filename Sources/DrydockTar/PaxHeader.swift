// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What the PAX records say of the next member, or of all that follow; nil where they say nothing.
struct PaxHeader {
    /// Keywords that can concern only one member.
    private static let localKeywords = [PaxKeyword.path, PaxKeyword.linkPath, PaxKeyword.size]
    private static let localPrefixes = [PaxKeyword.attributePrefix, PaxKeyword.sparsePrefix]

    private(set) var path: [UInt8]?
    private(set) var linkPath: [UInt8]?
    private(set) var userName: [UInt8]?
    private(set) var groupName: [UInt8]?
    private(set) var uid: UInt32?
    private(set) var gid: UInt32?
    private(set) var size: Int64?
    private(set) var modificationTime: Int64?
    private(set) var sparse: PaxSparse?
    private var attributes: [ByteString: [UInt8]] = [:]

    /// The extended attributes in the order of their names.
    var extendedAttributes: [ExtendedAttribute] {
        attributes.map { ExtendedAttribute(name: $0, value: $1) }.sorted { $0.name < $1.name }
    }

    /// Takes over one record; a later one of the same keyword wins, and an empty value withdraws an earlier one.
    ///
    /// Everything that is not named here, like `atime`, `comment` or `hdrcharset`, doesn't matter: names are bytes.
    mutating func apply(_ record: ReadRecord, limits: TarLimits) throws(TarReadingFailure) {
        switch record.keywordText {
        case PaxKeyword.path: path = try record.name(limit: limits.nameLength)
        case PaxKeyword.linkPath: linkPath = try record.name(limit: limits.nameLength)
        case PaxKeyword.userName: userName = try record.name(limit: limits.nameLength)
        case PaxKeyword.groupName: groupName = try record.name(limit: limits.nameLength)
        case PaxKeyword.uid: uid = try record.ownerNumber()
        case PaxKeyword.gid: gid = try record.ownerNumber()
        case PaxKeyword.size: size = try record.size()
        case PaxKeyword.modificationTime: modificationTime = try record.seconds()
        case let keyword where keyword.hasPrefix(PaxKeyword.sparsePrefix): try applySparse(record, limits: limits)
        default: try applyAttribute(record)
        }
    }

    /// Takes over a record of a global header.
    mutating func applyGlobal(_ record: ReadRecord, limits: TarLimits) throws(TarReadingFailure) {
        let keyword = record.keywordText
        if Self.localKeywords.contains(keyword) || Self.localPrefixes.contains(where: keyword.hasPrefix) {
            throw TarReadingFailure(.globalRecord(keyword: keyword), at: record.offset)
        }
        try apply(record, limits: limits)
    }

    private mutating func applySparse(_ record: ReadRecord, limits: TarLimits) throws(TarReadingFailure) {
        var sparse = self.sparse ?? PaxSparse(limits: limits, at: record.offset)
        try sparse.apply(record, limits: limits)
        self.sparse = sparse
    }

    private mutating func applyAttribute(_ record: ReadRecord) throws(TarReadingFailure) {
        guard record.keyword.starts(with: PaxKeyword.attributePrefix.utf8) else { return }
        let name = ByteString(record.keyword[PaxKeyword.attributePrefix.utf8.count...])
        guard !name.isEmpty, !name.bytes.contains(0) else {
            throw TarReadingFailure(.malformedRecord, at: record.offset)
        }
        attributes[name] = record.value
    }
}
