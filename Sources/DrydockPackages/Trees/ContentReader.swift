// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockTar

/// Reads the content of one file after the other, and notices a file that is not what it was when it was found.
///
/// Directories of this host stay open as long as the next file is near: layers list their files directory by
/// directory, so nearly every file costs one `openat` of one name.
public final class ContentReader {
    private enum Source {
        case nothing
        case bytes([UInt8])
        case host(TreeFile, OpenFile)
        case archive(ArchivedFile, ArchivedFileCursor)
    }

    /// A descriptor that a case of an enumeration can hold.
    private final class OpenFile {
        let descriptor: OwnedDescriptor
        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    private var source = Source.nothing
    private var position: Int64 = 0
    private var size: Int64 = 0
    private var directories = OpenDirectories()

    /// A reader that has opened nothing yet.
    public init() {}

    /// The bytes of the present file that were not read yet.
    public var remaining: Int64 { size - position }

    /// Starts with another file.
    ///
    /// - Throws: ``SystemError`` when it is gone or may not be read; ``TreeError`` when it has changed.
    public func open(_ content: FileContent) throws {
        position = 0
        size = content.size
        switch content {
        case .bytes(let bytes): source = .bytes(bytes)
        case .archive(let file): source = .archive(file, ArchivedFileCursor(file))
        case .host(let file):
            let open = OpenFile(try directories.open(file))
            source = .host(file, open)
            try verify(file, open)
        }
    }

    /// Reads the next bytes, at most ``remaining``; zero only when nothing remains.
    ///
    /// - Throws: ``SystemError``; ``TreeError`` when the file ends early.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), remaining))])
        guard room.count > 0 else { return 0 }
        let count = try unsafe readSource(into: room)
        position += Int64(count)
        return count
    }

    /// Ends with the present file.
    ///
    /// - Throws: ``TreeError`` when it changed while it was read.
    public func finish() throws {
        switch source {
        case .nothing, .bytes: break
        case .host(let file, let open):
            // Files of /proc and the like say that they are empty, and are not.
            guard try isAtEnd(open, file) else { throw TreeError(.changed, file.displayPath) }
            try verify(file, open)
        case .archive(let file, _): try file.archive.verify()
        }
        source = .nothing
    }

    private func readSource(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        switch source {
        case .nothing: return 0
        case .bytes(let bytes):
            unsafe room.copyBytes(from: bytes[Int(position)..<Int(position) + room.count])
            return room.count
        case .host(let file, let open):
            let count = try unsafe open.descriptor.read(into: room, at: position, path: file.displayPath)
            guard count > 0 else { throw TreeError(.changed, file.displayPath) }
            return count
        case .archive(let file, var cursor):
            let count = try unsafe cursor.read(into: room)
            source = .archive(file, cursor)
            return count
        }
    }

    private func isAtEnd(_ open: OpenFile, _ file: TreeFile) throws -> Bool {
        var next: UInt8 = 0
        return try unsafe withUnsafeMutableBytes(of: &next) { buffer in
            try unsafe open.descriptor.read(into: buffer, at: size, path: file.displayPath) == 0
        }
    }

    private func verify(_ file: TreeFile, _ open: OpenFile) throws {
        let status = try open.descriptor.status(path: file.displayPath)
        guard status.isUnchanged(since: file.status) else { throw TreeError(.changed, file.displayPath) }
    }
}

extension FileStatus {
    /// Whether the file is still the same, with the same content as far as the file system can tell.
    func isUnchanged(since earlier: FileStatus) -> Bool {
        kind == earlier.kind && identity == earlier.identity && size == earlier.size && modified == earlier.modified
    }
}

/// The directory of the last file and those above it, open.
private struct OpenDirectories {
    private final class Level {
        let name: ByteString
        let directory: HostDirectory
        init(name: ByteString, directory: consuming HostDirectory) {
            self.name = name
            self.directory = directory
        }
    }

    private var root: TreeRoot?
    private var levels: [Level] = []

    /// Opens a file; directories on the way are opened if they are not yet.
    mutating func open(_ file: TreeFile) throws -> OwnedDescriptor {
        var components = file.path.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }
        guard let name = components.popLast() else { throw TreeError(.changed, file.displayPath) }
        if root != file.root || levels.isEmpty {
            levels = [Level(name: "", directory: try HostDirectory(entering: file.root.path))]
            root = file.root
        }
        let shared = zip(levels.dropFirst(), components).prefix { $0.name == $1 }.count
        levels.removeLast(levels.count - 1 - shared)
        for component in components[shared...] {
            // Links on the way are followed: a tree may have been walked through them. The file itself is verified.
            let below = try HostDirectory(entering: component, in: levels[levels.count - 1].directory)
            levels.append(Level(name: component, directory: below))
        }
        return try levels[levels.count - 1].directory.open(name)
    }
}

@available(*, unavailable)
extension ContentReader: Sendable {}
