// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What a header block says by itself.
struct TarHeader {
    private let block: [UInt8]
    /// Where the block stands in the archive.
    let offset: Int64
    let typeFlag: UInt8

    /// Checks the block's sum.
    init(_ block: [UInt8], at offset: Int64) throws(TarReadingFailure) {
        self.block = block
        self.offset = offset
        typeFlag = block[TarField.typeFlag.offset]
        let unsigned = Self.checksum(of: block) { Int32($0) }
        let stated = try number(in: .checksum, called: "checksum")
        // Some old archivers summed signed bytes.
        guard stated == unsigned || stated == Self.checksum(of: block, value: { Int32(Int8(bitPattern: $0)) }) else {
            throw TarReadingFailure(.badChecksum(expected: unsigned, actual: stated), at: offset)
        }
    }

    /// The sum of all bytes, with the checksum's own as spaces.
    private static func checksum(of block: [UInt8], value: (UInt8) -> Int32) -> Int64 {
        var sum = Int32(UInt8(ascii: " ")) * Int32(TarField.checksum.width)
        // Cannot overflow: 512 bytes of 255 need 17 bits.
        for byte in block { sum &+= value(byte) }
        for byte in block[TarField.checksum.range] { sum &-= value(byte) }
        return Int64(sum)
    }

    /// The number in a field.
    func number(in field: TarField, called name: String) throws(TarReadingFailure) -> Int64 {
        guard let number = field.number(in: block) else {
            throw TarReadingFailure(.badNumber(field: name, text: ByteString(block[field.range])), at: offset)
        }
        return number
    }

    /// The number in a field that has at most 32 bits.
    func number32(in field: TarField, called name: String) throws(TarReadingFailure) -> UInt32 {
        guard let number = try UInt32(exactly: number(in: field, called: name)) else {
            throw TarReadingFailure(.numberOutOfRange(field: name), at: offset)
        }
        return number
    }

    /// Whether the member is a regular file, sparse or not.
    var isRegular: Bool {
        switch typeFlag {
        case TypeFlag.oldRegular, TypeFlag.regular, TypeFlag.contiguous, TypeFlag.sparse: true
        default: false
        }
    }

    /// Whether content follows; everything else states a size at most for information.
    var hasContent: Bool { isRegular || typeFlag == TypeFlag.dumpDirectory }

    /// The number of content bytes that the header states.
    func size() throws(TarReadingFailure) -> Int64 { try size(in: .size, called: "size") }

    private func size(in field: TarField, called name: String) throws(TarReadingFailure) -> Int64 {
        let size = try number(in: field, called: name)
        guard (0...TarFormat.highestSize).contains(size) else {
            throw TarReadingFailure(.numberOutOfRange(field: name), at: offset)
        }
        return size
    }

    /// The path, with the prefix that POSIX has and GNU has not.
    var path: [UInt8] {
        let name = TarField.name.text(in: block)
        let prefix = isPOSIX ? (isStar ? TarField.starPrefix : .prefix).text(in: block) : []
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    var linkName: [UInt8] { TarField.linkName.text(in: block) }

    /// The owner's and group's names, which formats without a magic word do not have.
    var userName: [UInt8] { hasMagic ? TarField.userName.text(in: block) : [] }
    var groupName: [UInt8] { hasMagic ? TarField.groupName.text(in: block) : [] }

    /// Appends the map of a GNU sparse file as far as the header has it; true if more blocks of it follow.
    func appendSparseExtents(to map: inout SparseMap) throws(TarReadingFailure) -> Bool {
        try map.append(tableIn: block, .sparseExtents)
        return block[TarField.isExtended.offset] != 0
    }

    /// The size of the whole file, if it is sparse in GNU's old way.
    func sparseRealSize() throws(TarReadingFailure) -> Int64 { try size(in: .sparseRealSize, called: "real size") }

    private var hasMagic: Bool { block[TarField.magic.range].starts(with: "ustar".utf8) }
    private var isPOSIX: Bool { block[TarField.magic.range].starts(with: "ustar\u{0}".utf8) }
    private var isStar: Bool { block[TarField.starTrailer.range].elementsEqual("tar\u{0}".utf8) }
}
