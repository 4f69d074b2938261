// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
import DrydockFiles
public import DrydockNix

/// The SHA-256 and the size of a NAR.
public struct NARMeasure: Hashable, Sendable, CustomStringConvertible {
    /// The SHA-256 of the NAR.
    public let hash: Digest
    /// The number of bytes of the NAR.
    public let size: Int64

    /// The hash and the size of a NAR.
    public init(hash: Digest, size: Int64) {
        self.hash = hash
        self.size = size
    }

    /// The hash as Nix writes it, and the size.
    public var description: String { "\(hash.nix32Form) (\(size) bytes)" }
}

/// A store object on this host as a NAR: the same bytes as those of `nix-store --dump`.
///
/// They are passed on as they are read, each file once, in constant memory. Links are not followed, and nothing outside
/// the object is opened.
public struct StoreObjectNAR: Sendable {
    private static let bufferSize = 256 << 10

    /// Where the object is on this host.
    public let path: String

    /// The NAR of what is at a path.
    public init(of path: String) { self.path = path }

    /// Calls `body` with the bytes of the NAR, piece by piece.
    ///
    /// - Throws: ``SystemError``; ``StoreObjectFailure`` for what no store object has; what `body` throws.
    public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let (folder, name) = Self.split(path)
        let directory = try HostDirectory(folder)
        try unsafe withoutActuallyEscaping(body) { body in
            var walk = unsafe Walk(buffer: AlignedBuffer(capacity: Self.bufferSize), body: body)
            try walk.visit(name, as: "", in: directory, depth: 0)
            try walk.finish()
        }
    }

    /// The hash and the size of the NAR.
    ///
    /// - Throws: As ``read(_:)`` does.
    public func measure() throws -> NARMeasure {
        var hash = StreamingHash()
        try unsafe read { unsafe hash.update($0) }
        return NARMeasure(hash: hash.finish(), size: hash.byteCount)
    }

    /// Compares the NAR with what is registered of the store object; without a NAR hash, only the size.
    ///
    /// - Throws: ``StoreObjectFailure`` that names the path, if they differ; and as ``read(_:)`` does.
    public func verify(_ object: StoreObject) throws {
        let actual = try measure()
        let expected = NARMeasure(hash: object.narHash ?? actual.hash, size: object.narSize)
        guard actual == expected else {
            throw StoreObjectFailure(.mismatch(expected: expected, actual: actual), path)
        }
    }

    /// The directory and the name of a path.
    static func split(_ path: String) -> (folder: String, name: ByteString) {
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return (".", ByteString(path)) }
        let folder = slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
        return (folder, ByteString(bytes[(slash + 1)...]))
    }
}

/// The state of one walk.
@safe
private struct Walk {
    private let buffer: AlignedBuffer
    private let body: (UnsafeRawBufferPointer) throws -> Void
    private var writer = NARWriter()
    /// What stands between the contents and is not yet in the buffer.
    private var words: [UInt8] = []

    init(buffer: AlignedBuffer, body: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.buffer = buffer
        unsafe self.body = body
    }

    mutating func visit(
        _ name: ByteString,
        as narName: ByteString,
        in directory: borrowing HostDirectory,
        depth: Int
    ) throws {
        let status = try directory.status(of: name, followingLinks: false)
        switch status.kind {
        case .directory:
            guard depth < DirectoryTree.maximumDepth else {
                throw StoreObjectFailure(.tooDeep, directory.path(of: name))
            }
            writer.beginDirectory(narName, to: &words)
            try enter(HostDirectory(name, in: directory, followingLinks: false), depth: depth + 1)
            writer.endDirectory(to: &words)
        case .symlink: writer.symlink(narName, target: try directory.linkTarget(of: name), to: &words)
        case .regular:
            let isExecutable = status.mode & 0o100 != 0
            writer.beginFile(narName, size: status.size, isExecutable: isExecutable, to: &words)
            try flushWords()
            try readContent(of: name, in: directory, status)
            writer.endFile(to: &words)
        default: throw StoreObjectFailure(.unsupportedKind(status.kind), directory.path(of: name))
        }
        try flushWords()
    }

    /// Passes on what is left in the buffer.
    mutating func finish() throws {
        guard buffer.count > 0 else { return }
        try Task.checkCancellation()
        try unsafe body(buffer.bytes)
        buffer.count = 0
    }

    private mutating func enter(_ directory: consuming HostDirectory, depth: Int) throws {
        for name in try directory.names() { try visit(name, as: name, in: directory, depth: depth) }
    }

    private mutating func readContent(
        of name: ByteString,
        in directory: borrowing HostDirectory,
        _ status: FileStatus
    ) throws {
        let path = directory.path(of: name)
        let file = try directory.open(name)
        guard try file.status(path: path).isUnchanged(since: status) else { throw StoreObjectFailure(.changed, path) }
        var offset: Int64 = 0
        while offset < status.size {
            if buffer.count == buffer.capacity { try finish() }
            let count = Int(min(Int64(buffer.capacity - buffer.count), status.size - offset))
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.room[..<count])
            guard try unsafe file.read(into: room, at: offset, path: path) == count else {
                throw StoreObjectFailure(.changed, path)
            }
            buffer.count += count
            offset += Int64(count)
        }
        guard try file.status(path: path).isUnchanged(since: status) else { throw StoreObjectFailure(.changed, path) }
    }

    private mutating func flushWords() throws {
        // A name and a target, the longest of all words, are much shorter than the buffer.
        if buffer.capacity - buffer.count < words.count { try finish() }
        unsafe buffer.room.copyBytes(from: words)
        buffer.count += words.count
        words.removeAll(keepingCapacity: true)
    }
}
