// SPDX-License-Identifier: Apache-2.0

/// What a reader accepts from an archive before it refuses to go on; each limit bounds memory or time.
public struct TarLimits: Hashable, Sendable {
    /// The highest size of the records of one PAX header, in bytes.
    public var extendedHeaderSize: Int
    /// The highest length of a path, a link target, an owner's or a group's name, in bytes.
    public var nameLength: Int
    /// The highest number of members.
    public var memberCount: Int
    /// The highest number of extents of one sparse file.
    public var sparseExtentCount: Int

    /// The limits that hold unless others are asked for: 1 MiB, 8192 bytes, ten million members, 65,536 extents.
    public static let standard = TarLimits(
        // Attributes of one file are at most 64 KiB on Linux (xattr(7)); GNU tar's maps of sparse files are larger.
        extendedHeaderSize: 1 << 20,
        // Twice `PATH_MAX`; what is longer can hardly be opened.
        nameLength: 8192,
        memberCount: 10_000_000,
        sparseExtentCount: 65_536
    )

    /// Limits of one's own.
    public init(extendedHeaderSize: Int, nameLength: Int, memberCount: Int, sparseExtentCount: Int) {
        self.extendedHeaderSize = extendedHeaderSize
        self.nameLength = nameLength
        self.memberCount = memberCount
        self.sparseExtentCount = sparseExtentCount
    }
}
