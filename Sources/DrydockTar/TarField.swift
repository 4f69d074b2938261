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
}

/// The byte that tells what a member is.
enum TypeFlag {
    static let regular = UInt8(ascii: "0")
    static let hardLink = UInt8(ascii: "1")
    static let symlink = UInt8(ascii: "2")
    static let characterDevice = UInt8(ascii: "3")
    static let blockDevice = UInt8(ascii: "4")
    static let directory = UInt8(ascii: "5")
    static let fifo = UInt8(ascii: "6")
    /// PAX records for the next member.
    static let pax = UInt8(ascii: "x")
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
}
