// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// Reads the members of a tar archive one after the other, without trust and in constant memory.
///
/// It understands what is in use: POSIX `ustar` and PAX, the formats before them, and GNU's with long names, large
/// numbers and sparse files. What could be understood in two ways, or is over a limit, is an error.
/// A name can still lead anywhere (`/etc/passwd`, `../x`): the caller must resolve it beneath a root.
public struct TarReader<Source: TarSource> {
    private var input: TarInput<Source>
    private let limits: TarLimits
    /// What the global PAX headers say so far.
    private var global = PaxHeader()
    private var memberCount = 0
    /// What of the current member hasn't been passed yet.
    private var rest = MemberRest()
    private var isFinished = false
    /// What went wrong: the place of the next header is unknown from then on.
    private var failure: (any Error)?

    /// A reader that begins at the source's present place.
    public init(_ source: Source, limits: TarLimits = .standard) {
        input = TarInput(source)
        self.limits = limits
    }

    /// The next member; nil after two blocks of zeros, or at the end of the source.
    ///
    /// The source may end before them, and before the zeros that fill up the last member's block.
    /// What wasn't read of the previous member is passed over. After an error, each call throws it again.
    ///
    /// - Throws: ``TarReadingFailure``, and what the source throws.
    public mutating func next() throws -> TarMember? {
        if let failure { throw failure }
        guard !isFinished else { return nil }
        do {
            let member = try readNext()
            isFinished = member == nil
            return member
        } catch {
            failure = error
            throw error
        }
    }

    /// Reads a part of the current member's stored bytes, those of a sparse file without its holes; 0 at their end.
    ///
    /// - Throws: ``TarReadingFailure`` if the archive ends too early, and what the source throws.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let failure { throw failure }
        let count = Int(min(Int64(buffer.count), rest.content))
        guard count > 0 else { return 0 }
        do {
            let read = try unsafe input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            guard read > 0 else { throw rest.truncation }
            rest.content -= Int64(read)
            return read
        } catch {
            failure = error
            throw error
        }
    }
}

extension TarReader: Sendable where Source: Sendable {}

/// What of a member hasn't been read yet.
private struct MemberRest {
    var name: ByteString = ""
    /// Where the member's header stands in the archive.
    var offset: Int64 = 0
    var content: Int64 = 0
    /// The zeros behind the content.
    var padding: Int64 = 0

    var truncation: TarReadingFailure { TarReadingFailure(.truncatedContent(name: name), at: offset) }
}

extension TarReader {
    private mutating func readNext() throws -> TarMember? {
        try passRest()
        var extensions = MemberExtensions()
        while let header = try readHeader() {
            switch header.typeFlag {
            case TypeFlag.pax, TypeFlag.solarisPax: try extensions.add(readPax(header), from: header)
            case TypeFlag.globalPax: try readGlobalPax(header)
            case TypeFlag.longName: try extensions.addLongName(readLongText(header), from: header)
            case TypeFlag.longLink: try extensions.addLongLink(readLongText(header), from: header)
            case TypeFlag.volumeLabel: try pass(header.size(), of: header)
            default: return try member(header, extensions)
            }
        }
        if let offset = extensions.offset { throw TarReadingFailure(.extensionWithoutMember, at: offset) }
        return nil
    }

    private mutating func passRest() throws {
        guard try input.skip(rest.content, padding: rest.padding) else { throw rest.truncation }
        rest = MemberRest()
    }

    /// The next header; nil at the end.
    private mutating func readHeader() throws -> TarHeader? {
        let offset = input.offset
        guard try input.readBlock() else { return nil }
        if input.block.allSatisfy({ $0 == 0 }) {
            guard try !input.readBlock() || input.block.allSatisfy({ $0 == 0 }) else {
                throw TarReadingFailure(.loneZeroBlock, at: offset)
            }
            return nil
        }
        return try TarHeader(input.block, at: offset)
    }

    private mutating func readPax(_ header: TarHeader) throws -> PaxHeader {
        var pax = global
        var records = try PaxRecordReader(readRecords(header), at: header.offset + Int64(TarFormat.blockSize))
        while let record = try records.next() { try pax.apply(record, limits: limits) }
        return pax
    }

    private mutating func readGlobalPax(_ header: TarHeader) throws {
        var records = try PaxRecordReader(readRecords(header), at: header.offset + Int64(TarFormat.blockSize))
        while let record = try records.next() { try global.applyGlobal(record, limits: limits) }
    }

    private mutating func readRecords(_ header: TarHeader) throws -> [UInt8] {
        let size = try header.size()
        guard size <= limits.extendedHeaderSize else {
            let reason = TarReadingFailure.Reason.extendedHeaderTooLarge(size: size, limit: limits.extendedHeaderSize)
            throw TarReadingFailure(reason, at: header.offset)
        }
        return try readContent(Int(size), of: header)
    }

    /// A name that GNU tar writes as content, with a NUL at the end.
    private mutating func readLongText(_ header: TarHeader) throws -> [UInt8] {
        let size = try header.size()
        // One more for the NUL.
        guard size <= limits.nameLength + 1 else {
            throw TarReadingFailure(.nameTooLong(limit: limits.nameLength), at: header.offset)
        }
        let text = try readContent(Int(size), of: header).prefix { $0 != 0 }
        guard text.count <= limits.nameLength else {
            throw TarReadingFailure(.nameTooLong(limit: limits.nameLength), at: header.offset)
        }
        return Array(text)
    }

    /// The content of a header that isn't a member, without the zeros behind it.
    private mutating func readContent(_ size: Int, of header: TarHeader) throws -> [UInt8] {
        guard let content = try input.readBytes(Int(TarFormat.paddedSize(Int64(size)))) else {
            throw TarReadingFailure(.truncatedContent(name: ByteString(header.path)), at: header.offset)
        }
        return Array(content[..<size])
    }

    private mutating func pass(_ size: Int64, of header: TarHeader) throws {
        guard try input.skip(size, padding: TarFormat.paddedSize(size) - size) else {
            throw TarReadingFailure(.truncatedContent(name: ByteString(header.path)), at: header.offset)
        }
    }
}

extension TarReader {
    private mutating func member(_ header: TarHeader, _ extensions: MemberExtensions) throws -> TarMember {
        guard memberCount < limits.memberCount else {
            throw TarReadingFailure(.tooManyMembers(limit: limits.memberCount), at: header.offset)
        }
        memberCount += 1
        let described = try MemberHeader(header, extensions, global: global)
        let layout = try layout(of: described, header)
        let entry = try described.entry(fileSize: layout.fileSize)
        rest = MemberRest(
            name: entry.name,
            offset: header.offset,
            content: layout.storedSize,
            padding: TarFormat.paddedSize(described.storedSize) - described.storedSize
        )
        return TarMember(
            entry: entry,
            dataOffset: input.offset,
            storedSize: layout.storedSize,
            sparseMap: layout.sparseMap
        )
    }

    private mutating func layout(of described: MemberHeader, _ header: TarHeader) throws -> ContentLayout {
        if header.typeFlag == TypeFlag.sparse { return try oldSparseLayout(described, header) }
        guard let sparse = described.paxSparse else { return ContentLayout(size: described.storedSize) }
        let size = try sparse.finishedSize()
        guard try sparse.mapIsInContent() else {
            return try ContentLayout(sparse.map, size: size, storedSize: described.storedSize)
        }
        var map = SparseMap(limit: limits.sparseExtentCount, at: input.offset)
        let length = try readMap(into: &map, of: described, header)
        return try ContentLayout(map, size: size, storedSize: described.storedSize - length)
    }

    /// GNU's old way: the map begins in the header and goes on in blocks that are not counted in the size.
    private mutating func oldSparseLayout(_ described: MemberHeader, _ header: TarHeader) throws -> ContentLayout {
        var map = SparseMap(limit: limits.sparseExtentCount, at: header.offset)
        var isExtended = try header.appendSparseExtents(to: &map)
        while isExtended {
            guard try input.readBlock() else {
                throw TarReadingFailure(.truncatedContent(name: ByteString(header.path)), at: header.offset)
            }
            try map.append(tableIn: input.block, .moreSparseExtents)
            isExtended = input.block[TarField.isExtendedAgain.offset] != 0
        }
        return try ContentLayout(map, size: header.sparseRealSize(), storedSize: described.storedSize)
    }

    /// Reads the map before a file's content, in whole blocks, and returns its length.
    private mutating func readMap(
        into map: inout SparseMap,
        of described: MemberHeader,
        _ header: TarHeader
    ) throws -> Int64 {
        var numbers = SparseMapNumbers(at: input.offset)
        var length: Int64 = 0
        while !numbers.isFinished {
            length += Int64(TarFormat.blockSize)
            guard length <= described.storedSize else {
                throw TarReadingFailure(.malformedSparseMap, at: header.offset)
            }
            guard try input.readBlock() else {
                throw TarReadingFailure(.truncatedContent(name: ByteString(header.path)), at: header.offset)
            }
            try numbers.consume(input.block, into: &map)
        }
        return length
    }
}
