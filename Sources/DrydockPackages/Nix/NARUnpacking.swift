// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockNix
import Glibc

/// Writes the file tree of a NAR to a new path, without trust in the NAR.
///
/// Everything is written below the path, through open directories and only where nothing is yet. Modes are those of a
/// store: 0444 for files, 0555 for executable ones and directories. The tree has its name only when it is complete; an
/// error leaves nothing behind. All bytes are on the disk before that, so a power failure leaves all of it or nothing.
public struct NARUnpacking: Sendable {
    /// Where the tree will be.
    public let path: String

    /// A tree at a path where nothing is yet.
    public init(to path: String) { self.path = path }

    /// Reads the NAR to its end.
    ///
    /// - Returns: The number of bytes of the NAR.
    /// - Throws: ``NARReadingFailure``; ``SystemError``; what the source throws.
    @discardableResult
    public func unpack(_ source: some NARSource, limits: NARLimits = .standard) throws -> Int64 {
        let (folder, name) = StoreObjectNAR.split(path)
        let directory = try HostDirectory(folder)
        let temporary = ByteString(".drydock.\(getpid()).\(UInt32.random(in: 0...UInt32.max))")
        var tree = TreeWriter(NARReader(source, limits: limits))
        do {
            let size = try tree.write(as: temporary, in: directory)
            // A closure has thousands of small files: one wait for all of them is much shorter than one for each.
            try directory.synchroniseFileSystem()
            try directory.rename(temporary, to: name)
            try directory.synchronise()
            return size
        } catch {
            // The first error counts; nothing may be there yet.
            try? directory.removeTree(temporary)
            throw error
        }
    }
}

/// Writes what a NAR says.
private struct TreeWriter<Source: NARSource> {
    private var reader: NARReader<Source>
    private let buffer = AlignedBuffer(capacity: 256 << 10)

    init(_ reader: NARReader<Source>) { self.reader = reader }

    /// Writes all, with another name for the root, and returns the number of bytes that were read.
    mutating func write(as name: ByteString, in directory: borrowing HostDirectory) throws -> Int64 {
        if let root = try reader.next() { try write(root, as: name, in: directory) }
        // Nothing may follow the root.
        _ = try reader.next()
        return reader.offset
    }

    private mutating func write(
        _ event: NAREvent,
        as name: ByteString,
        in directory: borrowing HostDirectory
    ) throws {
        switch event {
        case .directory: try fill(directory.makeDirectory(name, mode: 0o700))
        case .file(_, let size, let isExecutable):
            let file = try directory.makeFile(name, mode: 0o600)
            try writeContent(size, to: file, path: directory.path(of: name))
            try file.setMode(isExecutable ? 0o555 : 0o444, path: directory.path(of: name))
            try file.close(path: directory.path(of: name))
        case .symlink(_, let target): try directory.makeLink(name, target: target)
        case .endOfDirectory: preconditionFailure("A reader ends only directories that it has begun")
        }
    }

    private mutating func fill(_ directory: consuming HostDirectory) throws {
        try Task.checkCancellation()
        while let event = try reader.next(), event != .endOfDirectory {
            try write(event, as: event.name, in: directory)
        }
        try directory.setMode(0o555)
    }

    private mutating func writeContent(_ size: Int64, to file: borrowing OwnedDescriptor, path: String) throws {
        let output = OutputDescriptor(number: file.number, path: path)
        while true {
            buffer.count = try unsafe reader.read(into: buffer.storage)
            guard buffer.count > 0 else { return }
            try Task.checkCancellation()
            try unsafe output.append(buffer.bytes)
        }
    }
}

extension NAREvent {
    /// The name of what begins; empty for an end.
    fileprivate var name: ByteString {
        switch self {
        case .directory(let name), .file(let name, _, _), .symlink(let name, _): name
        case .endOfDirectory: ""
        }
    }
}
