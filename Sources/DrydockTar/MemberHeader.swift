// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A header block together with what the headers before it say: records of PAX go before GNU's long names, and both
/// before the block.
struct MemberHeader {
    private static let slash = UInt8(ascii: "/")
    private static let permissionBits: Int64 = 0o7777
    private let header: TarHeader
    private let pax: PaxHeader
    private let name: [UInt8]
    private let link: [UInt8]
    /// The number of content bytes in the archive, maps of sparse files included.
    let storedSize: Int64

    init(
        _ header: TarHeader,
        _ extensions: MemberExtensions,
        global: PaxHeader
    ) throws(TarReadingFailure) {
        self.header = header
        pax = extensions.pax ?? global
        name = pax.sparse?.name ?? pax.path ?? extensions.longName ?? header.path
        link = pax.linkPath ?? extensions.longLink ?? header.linkName
        storedSize = if !header.hasContent { 0 } else if let size = pax.size { size } else { try header.size() }
        if name.isEmpty { throw TarReadingFailure(.emptyName, at: header.offset) }
    }

    /// The map of a sparse file in PAX records, if there is one.
    var paxSparse: PaxSparse? { header.isRegular ? pax.sparse : nil }

    /// The member, if it is a regular file of that size.
    func entry(fileSize: Int64) throws(TarReadingFailure) -> TarEntry {
        let kind = try kind(fileSize: fileSize)
        let mode = try header.number(in: .mode, called: "mode")
        var entry = TarEntry(
            name: ByteString(kind == .directory ? Self.withoutTrailingSlashes(name) : name),
            kind: kind,
            mode: UInt16(truncatingIfNeeded: mode & Self.permissionBits)
        )
        entry.uid = if let uid = pax.uid { uid } else { try header.number32(in: .uid, called: "uid") }
        entry.gid = if let gid = pax.gid { gid } else { try header.number32(in: .gid, called: "gid") }
        entry.userName = String(decoding: pax.userName ?? header.userName, as: UTF8.self)
        entry.groupName = String(decoding: pax.groupName ?? header.groupName, as: UTF8.self)
        entry.modificationTime = try modificationTime()
        entry.extendedAttributes = pax.extendedAttributes
        return entry
    }

    private func modificationTime() throws(TarReadingFailure) -> Int64 {
        if let time = pax.modificationTime { return time }
        return try header.number(in: .modificationTime, called: "mtime")
    }

    private func kind(fileSize: Int64) throws(TarReadingFailure) -> TarEntry.Kind {
        switch header.typeFlag {
        case TypeFlag.oldRegular, TypeFlag.regular, TypeFlag.contiguous, TypeFlag.sparse:
            try regularKind(fileSize: fileSize)
        case TypeFlag.hardLink: .hardLink(target: try target())
        case TypeFlag.symlink: .symlink(target: try target())
        case TypeFlag.directory, TypeFlag.dumpDirectory: .directory
        case TypeFlag.fifo: .fifo
        case TypeFlag.characterDevice: .characterDevice(major: try major(), minor: try minor())
        case TypeFlag.blockDevice: .blockDevice(major: try major(), minor: try minor())
        default: throw TarReadingFailure(.unsupportedType(header.typeFlag), at: header.offset)
        }
    }

    /// A name that ends with a slash makes a directory, as before there was a type for it.
    private func regularKind(fileSize: Int64) throws(TarReadingFailure) -> TarEntry.Kind {
        guard name.last == Self.slash else { return .regular(size: fileSize) }
        guard fileSize == 0, storedSize == 0 else {
            let reason = TarReadingFailure.Reason.directoryWithContent(name: ByteString(name), size: storedSize)
            throw TarReadingFailure(reason, at: header.offset)
        }
        return .directory
    }

    private func target() throws(TarReadingFailure) -> ByteString {
        guard !link.isEmpty else {
            throw TarReadingFailure(.emptyLinkTarget(name: ByteString(name)), at: header.offset)
        }
        return ByteString(link)
    }

    private func major() throws(TarReadingFailure) -> UInt32 {
        try header.number32(in: .deviceMajor, called: "major device number")
    }

    private func minor() throws(TarReadingFailure) -> UInt32 {
        try header.number32(in: .deviceMinor, called: "minor device number")
    }

    /// At least one byte stays: the root is `/`.
    private static func withoutTrailingSlashes(_ name: [UInt8]) -> [UInt8] {
        var end = name.count
        while end > 1, name[end - 1] == slash { end -= 1 }
        return Array(name[..<end])
    }
}
