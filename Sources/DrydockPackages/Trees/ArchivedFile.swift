// SPDX-License-Identifier: Apache-2.0

public import DrydockFiles
public import DrydockTar
import Glibc

/// The bytes of an uncompressed archive for reading at any place.
public final class ArchiveBytes: Sendable, Hashable {
    private enum Source: Sendable {
        case opened(OpenArchive)
        case deferred(@Sendable () throws -> ArchiveBytes)
    }

    /// The archive's path in the user's words.
    public let path: String
    /// The number of bytes.
    public let size: Int64
    private let source: Source

    /// Takes ownership of the open archive.
    init(path: String, descriptor: consuming OwnedDescriptor, status: FileStatus) {
        self.path = path
        size = status.size
        source = .opened(OpenArchive(descriptor, status, start: 0, path: path))
    }

    /// Opens an archive that is a part of a file.
    ///
    /// - Throws: `SystemError`.
    public init(opening path: String, offset: Int64, size: Int64) throws(SystemError) {
        self.path = path
        self.size = size
        let file = try OwnedDescriptor(opening: path, flags: O_NONBLOCK)
        let status = try file.status(path: path)
        source = .opened(OpenArchive(file, status, start: offset, path: path))
    }

    /// An archive that is opened when its bytes are wanted.
    ///
    /// - Parameters:
    ///   - path: What it is called in messages.
    ///   - size: The number of bytes that it will have.
    ///   - open: Gives the bytes; called each time that some are wanted.
    init(path: String, size: Int64, opening open: @escaping @Sendable () throws -> ArchiveBytes) {
        self.path = path
        self.size = size
        source = .deferred(open)
    }

    /// The whole archive as one file: its bytes as they stand there.
    public var wholeFile: FileContent {
        let segments: [TarSegment] = size > 0 ? [.stored(offset: 0, count: size)] : []
        return .archive(ArchivedFile(archive: self, size: size, segments: segments))
    }

    /// Reads bytes at an offset; fewer than asked for only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        let count = Int(max(0, min(Int64(buffer.count), size - offset)))
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        return switch source {
        case .opened(let archive): try unsafe archive.read(into: room, at: offset)
        case .deferred(let open): try unsafe open().read(into: room, at: offset)
        }
    }

    /// Notices an archive that has changed since it was opened.
    func verify() throws {
        switch source {
        case .opened(let archive): try archive.verify()
        case .deferred(let open): try open().verify()
        }
    }

    /// An archive is equal to itself only.
    public static func == (left: ArchiveBytes, right: ArchiveBytes) -> Bool { left === right }

    /// Hashes the identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// An archive that is open.
private final class OpenArchive: Sendable {
    private let descriptor: OwnedDescriptor
    /// Where the archive begins in the file.
    private let start: Int64
    /// What the file system said when the archive was opened.
    private let status: FileStatus
    private let path: String

    init(_ descriptor: consuming OwnedDescriptor, _ status: FileStatus, start: Int64, path: String) {
        self.descriptor = descriptor
        self.status = status
        self.start = start
        self.path = path
    }

    func read(into room: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        try unsafe descriptor.read(into: room, at: start + offset, path: path)
    }

    func verify() throws {
        guard try descriptor.status(path: path).isUnchanged(since: status) else { throw TreeError(.changed, path) }
    }
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
