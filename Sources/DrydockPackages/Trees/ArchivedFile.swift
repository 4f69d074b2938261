// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
public import DrydockTar

/// The bytes of an uncompressed archive, open for reading at any place.
public final class ArchiveBytes: Sendable, Hashable {
    /// The archive's path in the user's words.
    public let path: String
    private let descriptor: OwnedDescriptor
    /// What the file system said when the archive was opened.
    private let status: FileStatus

    /// Takes ownership of the open archive.
    init(path: String, descriptor: consuming OwnedDescriptor, status: FileStatus) {
        self.path = path
        self.status = status
        self.descriptor = descriptor
    }

    /// Reads bytes at an offset; fewer than asked for only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        try unsafe descriptor.read(into: buffer, at: offset, path: path)
    }

    /// Notices an archive that has changed since it was opened.
    func verify() throws {
        guard try descriptor.status(path: path).isUnchanged(since: status) else { throw TreeError(.changed, path) }
    }

    /// An archive is equal to itself only.
    public static func == (left: ArchiveBytes, right: ArchiveBytes) -> Bool { left === right }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A regular file inside an archive.
public struct ArchivedFile: Hashable, Sendable {
    /// The archive.
    public let archive: ArchiveBytes
    /// The number of bytes of the file.
    public let size: Int64
    /// Where the bytes stand in the archive, in order, with the holes of a sparse file.
    public let segments: [TarSegment]
}

/// The way through an archived file's segments.
struct ArchivedFileCursor {
    private let file: ArchivedFile
    private var segment = 0
    /// The bytes of the segment that were passed.
    private var passed: Int64 = 0

    init(_ file: ArchivedFile) { self.file = file }

    /// Reads the next bytes, at least one unless the file is at its end.
    mutating func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        guard segment < file.segments.count else { return 0 }
        switch file.segments[segment] {
        case .zeros(let count):
            let part = unsafe Self.prefix(of: room, count - passed)
            unsafe part.initializeMemory(as: UInt8.self, repeating: 0)
            return pass(part.count, of: count)
        case .stored(let offset, let count):
            let part = unsafe Self.prefix(of: room, count - passed)
            let result = try unsafe file.archive.read(into: part, at: offset + passed)
            guard result > 0 else { throw TreeError(.changed, file.archive.path) }
            return pass(result, of: count)
        }
    }

    private mutating func pass(_ step: Int, of count: Int64) -> Int {
        passed += Int64(step)
        if passed == count {
            segment += 1
            passed = 0
        }
        return step
    }

    private static func prefix(
        of room: UnsafeMutableRawBufferPointer,
        _ limit: Int64
    ) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<Int(min(Int64(room.count), limit))])
    }
}
