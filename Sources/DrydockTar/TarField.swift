// SPDX-License-Identifier: Apache-2.0

/// A field of a header block: where it stands and how many bytes it has.
///
/// The table below is that of [POSIX pax, "ustar Interchange Format"](
/// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06); the writer and the reader
/// both go by it.
struct TarField: Equatable, Sendable {
    let offset: Int
    let width: Int

    init(at offset: Int, width: Int) {
        self.offset = offset
        self.width = width
    }

    var range: Range<Int> { offset..<offset + width }

    /// The highest number that the field holds as octal digits with one terminator.
    var highestNumber: Int64 { (1 << (3 * Int64(width - 1))) - 1 }

    /// Whether the field can hold the number as octal digits.
    func holds(_ number: Int64) -> Bool { (0...highestNumber).contains(number) }

    /// Whether the field can hold the text: ASCII alone, and not longer than the field, which needs no terminator.
    func holds(_ text: [UInt8]) -> Bool { text.count <= width && text.isASCII }

    static let name = TarField(at: 0, width: 100)
    static let mode = TarField(at: 100, width: 8)
    static let uid = TarField(at: 108, width: 8)
    static let gid = TarField(at: 116, width: 8)
    static let size = TarField(at: 124, width: 12)
    static let modificationTime = TarField(at: 136, width: 12)
    static let checksum = TarField(at: 148, width: 8)
    static let typeFlag = TarField(at: 156, width: 1)
    static let linkName = TarField(at: 157, width: 100)
    /// The magic word and, behind it, the version.
    static let magic = TarField(at: 257, width: 8)
    static let userName = TarField(at: 265, width: 32)
    static let groupName = TarField(at: 297, width: 32)
    static let deviceMajor = TarField(at: 329, width: 8)
    static let deviceMinor = TarField(at: 337, width: 8)
    static let prefix = TarField(at: 345, width: 155)
    /// The shorter prefix of star, which keeps times behind it and signs with ``starTrailer``.
    static let starPrefix = TarField(at: 345, width: 131)
    static let starTrailer = TarField(at: 508, width: 4)
    /// The map of a GNU sparse file: four extents in the header, 21 in each block that follows.
    static let sparseExtents = TarField(at: 386, width: 4 * sparseExtentWidth)
    static let moreSparseExtents = TarField(at: 0, width: 21 * sparseExtentWidth)
    /// An extent is an offset and a length of twelve bytes each.
    static let sparseExtentWidth = 24
    /// Whether another block of extents follows, in the header and in such a block.
    static let isExtended = TarField(at: 482, width: 1)
    static let isExtendedAgain = TarField(at: 504, width: 1)
    /// The size of the whole sparse file.
    static let sparseRealSize = TarField(at: 483, width: 12)
}

/// The byte that tells what a member is.
///
/// Beyond POSIX: [GNU tar, "Basic Tar Format"](https://www.gnu.org/software/tar/manual/html_node/Standard.html).
enum TypeFlag {
    /// A regular file before there was a type; a directory if its name ends with a slash.
    static let oldRegular: UInt8 = 0
    static let regular = UInt8(ascii: "0")
    static let hardLink = UInt8(ascii: "1")
    static let symlink = UInt8(ascii: "2")
    static let characterDevice = UInt8(ascii: "3")
    static let blockDevice = UInt8(ascii: "4")
    static let directory = UInt8(ascii: "5")
    static let fifo = UInt8(ascii: "6")
    /// A regular file that once had to lie in one piece on its disk.
    static let contiguous = UInt8(ascii: "7")
    /// PAX records for the next member.
    static let pax = UInt8(ascii: "x")
    /// PAX records for all members that follow.
    static let globalPax = UInt8(ascii: "g")
    /// What Solaris calls ``pax``.
    static let solarisPax = UInt8(ascii: "X")
    /// GNU: the next member's name.
    static let longName = UInt8(ascii: "L")
    /// GNU: the next member's link target.
    static let longLink = UInt8(ascii: "K")
    /// GNU: a sparse file whose map begins in the header.
    static let sparse = UInt8(ascii: "S")
    /// GNU: a directory, with the names in it as content.
    static let dumpDirectory = UInt8(ascii: "D")
    /// GNU: the name of the archive itself.
    static let volumeLabel = UInt8(ascii: "V")
}

/// The keywords of PAX records.
enum PaxKeyword {
    static let path = "path"
    static let linkPath = "linkpath"
    static let userName = "uname"
    static let groupName = "gname"
    static let uid = "uid"
    static let gid = "gid"
    static let size = "size"
    static let modificationTime = "mtime"
    static let characterSet = "hdrcharset"
    /// What stands before the name of an extended attribute, invented by star and understood by everybody.
    static let attributePrefix = "SCHILY.xattr."

    /// What stands before everything that GNU tar says of sparse files.
    static let sparsePrefix = "GNU.sparse."
    static let sparseName = "GNU.sparse.name"
    /// The size of the whole file, in the formats 0.0 and 0.1.
    static let sparseSize = "GNU.sparse.size"
    /// The size of the whole file, in the format 1.0.
    static let sparseRealSize = "GNU.sparse.realsize"
    static let sparseMajor = "GNU.sparse.major"
    static let sparseMinor = "GNU.sparse.minor"
    static let sparseMap = "GNU.sparse.map"
    static let sparseOffset = "GNU.sparse.offset"
    static let sparseCount = "GNU.sparse.numbytes"
}
