// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockTar

/// What a layer's tar holds, as bytes that can be kept: all but the contents of its files, of which it knows the places.
///
/// | bytes | content |
/// |---|---|
/// | 8 | `DRYDLST1` |
/// | 8 | size of the tar |
/// | 4 | number of members |
///
/// and for each member its name, kind, mode, owner, time, attributes and the segments of its content. Numbers have their
/// lowest byte first; texts follow their length in 4 bytes.
public struct LayerListing: Hashable, Sendable {
    /// A member and where the bytes of a regular file stand in the tar.
    public struct Member: Hashable, Sendable {
        /// Name, kind and attributes.
        public let entry: TarEntry
        /// The content of a regular file; empty for everything else.
        public let segments: [TarSegment]
    }

    static let magic = Array("DRYDLST1".utf8)

    /// The size of the tar in bytes.
    public let size: Int64
    /// The members in the order of the tar.
    public let members: [Member]

    /// What a tar holds that was passed through.
    public init(_ archive: LayerArchive) {
        size = archive.size
        members = archive.members.map { member in
            guard case .archive(let file)? = member.content else { return Member(entry: member.entry, segments: []) }
            return Member(entry: member.entry, segments: file.segments)
        }
    }

    /// Reads what ``bytes`` has given; nil for anything else.
    public init?(_ bytes: [UInt8]) {
        var reader = ListingReader(bytes: bytes)
        guard let listing = try? reader.listing() else { return nil }
        self = listing
    }

    init(size: Int64, members: [Member]) {
        self.size = size
        self.members = members
    }

    /// The listing as bytes.
    public var bytes: [UInt8] {
        var writer = ListingWriter()
        writer.bytes = Self.magic
        writer.append(size)
        writer.append(UInt32(members.count))
        for member in members { writer.append(member) }
        return writer.bytes
    }

    /// The members, with contents that are read in a tar which is opened when somebody wants one of them.
    ///
    /// - Parameters:
    ///   - name: What the tar is called in messages.
    ///   - open: Gives the tar.
    /// - Returns: The members, regular files with content.
    public func members(
        named name: String,
        opening open: @escaping @Sendable () throws -> ArchiveBytes
    ) -> [LayerMember] {
        let archive = ArchiveBytes(path: name, size: size, opening: open)
        return members.map { member in
            guard case .regular(let size) = member.entry.kind else {
                return LayerMember(entry: member.entry, content: nil)
            }
            let file = ArchivedFile(archive: archive, size: size, segments: member.segments)
            return LayerMember(entry: member.entry, content: .archive(file))
        }
    }
}

/// The numbers that stand for kinds of members and of segments.
private enum ListingKind {
    static let regular: UInt8 = 0
    static let directory: UInt8 = 1
    static let symlink: UInt8 = 2
    static let hardLink: UInt8 = 3
    static let characterDevice: UInt8 = 4
    static let blockDevice: UInt8 = 5
    static let fifo: UInt8 = 6
    static let stored: UInt8 = 0
    static let zeros: UInt8 = 1
}

private struct ListingWriter {
    var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        for place in 0..<type(of: number).bitWidth / 8 {
            bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place)))
        }
    }

    private mutating func append(_ text: [UInt8]) {
        append(UInt32(text.count))
        bytes += text
    }

    mutating func append(_ member: LayerListing.Member) {
        let entry = member.entry
        append(entry.name.bytes)
        append(entry.kind)
        append(entry.mode)
        append(entry.uid)
        append(entry.gid)
        append(Array(entry.userName.utf8))
        append(Array(entry.groupName.utf8))
        append(entry.modificationTime)
        append(UInt32(entry.extendedAttributes.count))
        for attribute in entry.extendedAttributes {
            append(attribute.name.bytes)
            append(attribute.value)
        }
        append(UInt32(member.segments.count))
        for segment in member.segments { append(segment) }
    }

    private mutating func append(_ kind: TarEntry.Kind) {
        switch kind {
        case .regular(let size):
            append(ListingKind.regular)
            append(size)
        case .directory: append(ListingKind.directory)
        case .symlink(let target):
            append(ListingKind.symlink)
            append(target.bytes)
        case .hardLink(let target):
            append(ListingKind.hardLink)
            append(target.bytes)
        case .characterDevice(let major, let minor):
            append(ListingKind.characterDevice)
            append(major)
            append(minor)
        case .blockDevice(let major, let minor):
            append(ListingKind.blockDevice)
            append(major)
            append(minor)
        case .fifo: append(ListingKind.fifo)
        }
    }

    private mutating func append(_ segment: TarSegment) {
        switch segment {
        case .stored(let offset, let count):
            append(ListingKind.stored)
            append(offset)
            append(count)
        case .zeros(let count):
            append(ListingKind.zeros)
            append(count)
        }
    }
}

private struct ListingReader {
    private struct Malformed: Error {}

    let bytes: [UInt8]
    private var cursor = ByteCursor()

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func listing() throws -> LayerListing {
        guard try taken(LayerListing.magic.count) == LayerListing.magic else { throw Malformed() }
        let size: Int64 = try number()
        let count: UInt32 = try number()
        var members: [LayerListing.Member] = []
        for _ in 0..<count { members.append(try member(in: size)) }
        guard size >= 0, cursor.remaining(in: bytes.span) == 0 else { throw Malformed() }
        return LayerListing(size: size, members: members)
    }

    private mutating func number<Number: FixedWidthInteger>() throws -> Number {
        let bytes = bytes
        return try cursor.read(Number.self, order: .little, from: bytes.span)
    }

    private mutating func text() throws -> [UInt8] {
        let count: UInt32 = try number()
        return try taken(Int(count))
    }

    private mutating func taken(_ count: Int) throws -> [UInt8] {
        let bytes = bytes
        return try cursor.readBytes(count, from: bytes.span)
    }

    private mutating func member(in tarSize: Int64) throws -> LayerListing.Member {
        let name = ByteString(try text())
        var entry = TarEntry(name: name, kind: try kind(), mode: try number())
        entry.uid = try number()
        entry.gid = try number()
        entry.userName = String(decoding: try text(), as: UTF8.self)
        entry.groupName = String(decoding: try text(), as: UTF8.self)
        entry.modificationTime = try number()
        let attributeCount: UInt32 = try number()
        for _ in 0..<attributeCount {
            let name = ByteString(try text())
            entry.extendedAttributes.append(ExtendedAttribute(name: name, value: try text()))
        }
        let segmentCount: UInt32 = try number()
        var segments: [TarSegment] = []
        for _ in 0..<segmentCount { segments.append(try segment(in: tarSize)) }
        return LayerListing.Member(entry: entry, segments: segments)
    }

    private mutating func kind() throws -> TarEntry.Kind {
        let kind: UInt8 = try number()
        switch kind {
        case ListingKind.regular: return .regular(size: try number())
        case ListingKind.directory: return .directory
        case ListingKind.symlink: return .symlink(target: ByteString(try text()))
        case ListingKind.hardLink: return .hardLink(target: ByteString(try text()))
        case ListingKind.characterDevice: return .characterDevice(major: try number(), minor: try number())
        case ListingKind.blockDevice: return .blockDevice(major: try number(), minor: try number())
        case ListingKind.fifo: return .fifo
        default: throw Malformed()
        }
    }

    private mutating func segment(in tarSize: Int64) throws -> TarSegment {
        let kind: UInt8 = try number()
        guard kind == ListingKind.stored else { return .zeros(count: try number()) }
        let (offset, count): (Int64, Int64) = (try number(), try number())
        guard offset >= 0, count > 0, count <= tarSize, offset <= tarSize - count else { throw Malformed() }
        return .stored(offset: offset, count: count)
    }
}
