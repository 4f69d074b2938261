// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of a NAR come from, in order.
public protocol NARSource {
    /// Fills the buffer, or a part of it, with the next bytes.
    ///
    /// - Returns: The number of bytes read, at most the buffer's size; 0 only at the end, or for an empty buffer.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// What a reader accepts from a NAR before it refuses to go on; each limit bounds memory or time.
public struct NARLimits: Hashable, Sendable {
    /// The highest length of an entry's name, in bytes.
    public var nameLength: Int
    /// The highest length of a link's target, in bytes.
    public var targetLength: Int
    /// The highest number of directories inside each other.
    public var depth: Int
    /// The highest number of directories, files and links.
    public var entryCount: Int

    /// The limits that hold unless others are asked for: 255 and 4095 bytes, 512 directories, ten million entries.
    public static let standard = NARLimits(
        // `NAME_MAX` and `PATH_MAX` without its NUL: what is longer cannot be on a disk.
        nameLength: 255,
        targetLength: 4095,
        // Each takes a descriptor while it is unpacked, and a process often has only 1024.
        depth: 512,
        entryCount: 10_000_000
    )

    /// Limits of one's own.
    public init(nameLength: Int, targetLength: Int, depth: Int, entryCount: Int) {
        self.nameLength = nameLength
        self.targetLength = targetLength
        self.depth = depth
        self.entryCount = entryCount
    }
}
