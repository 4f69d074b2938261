// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles

/// One entry of the tree that a run has changed, as the sandbox tells it: its place, not its content.
struct ChangedEntry {
    var path: ByteString
    var identity: FileStatus.Identity
    /// The same file as the programs in the sandbox saw it.
    var seen: RecordedFile
    /// Type and permission bits, as in `st_mode`.
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32
    var linkCount: UInt32
    var device: (major: UInt32, minor: UInt32)
    var target: ByteString
    var attributes: [(name: ByteString, value: [UInt8])]

    /// What kind of file it is, by the type bits of inode(7).
    var type: UInt32 { mode & 0o170000 }

    func attribute(_ name: ByteString) -> [UInt8]? { attributes.first { $0.name == name }?.value }
}

/// Puts the messages of the child together from the pieces in which they arrive.
struct MessageReader {
    /// A step or stage that failed.
    struct Failure {
        let stage: Int
        let errorNumber: Int32
    }

    private var pending: [UInt8] = []
    private(set) var report = SandboxReport()
    private(set) var failure: Failure?

    /// Takes more bytes.
    mutating func append(_ bytes: [UInt8]) throws {
        pending += bytes
        var start = 0
        while let length = messageLength(at: start), pending.count - start >= length {
            try take(pending[start..<(start + length)])
            start += length
        }
        pending.removeFirst(start)
    }

    private static let headerSize = MemoryLayout<drydock_message>.size

    private func messageLength(at start: Int) -> Int? {
        guard pending.count - start >= Self.headerSize else { return nil }
        return Self.headerSize + Int(unsafe pending.span.load(drydock_message.self, at: start).length)
    }

    private mutating func take(_ slice: ArraySlice<UInt8>) throws {
        let message = Array(slice)
        let header = unsafe message.span.load(drydock_message.self, at: 0)
        let (first, second) = (header.first, header.second)
        var cursor = ByteCursor(at: Self.headerSize)
        switch header.kind {
        case DRYDOCK_MESSAGE_FAILED.rawValue: failure = Failure(stage: Int(first), errorNumber: second)
        case DRYDOCK_MESSAGE_MISSING.rawValue: report.missing[Int(first)] = second
        case DRYDOCK_MESSAGE_ENDED.rawValue: report.ending = SandboxEnding(waitStatus: first, reason: second)
        case DRYDOCK_MESSAGE_ENTRY.rawValue: report.entries.append(try ChangedEntry(message.span, &cursor))
        case DRYDOCK_MESSAGE_DONE.rawValue: report.isDone = true
        case DRYDOCK_MESSAGE_READY.rawValue: report.isReady = true
        case DRYDOCK_MESSAGE_IDENTITY.rawValue:
            try cursor.skip(MemoryLayout<drydock_identity>.size, in: message.span)
            let identity = unsafe message.span.load(drydock_identity.self, at: Self.headerSize)
            report.identities[Int(first)] = RecordedFile(identity)
        default: break
        }
    }
}

extension ChangedEntry {
    /// Reads `drydock_entry` and what follows it.
    fileprivate init(_ bytes: borrowing Span<UInt8>, _ cursor: inout ByteCursor) throws(DecodingFailure) {
        let start = cursor.position
        try cursor.skip(MemoryLayout<drydock_entry>.size, in: bytes)
        let entry = unsafe bytes.load(drydock_entry.self, at: start)
        identity = FileStatus.Identity(device: entry.device, inode: entry.inode)
        seen = RecordedFile(entry.seen)
        (mode, uid, gid) = (entry.mode, entry.uid, entry.gid)
        linkCount = entry.link_count
        device = (entry.device_major, entry.device_minor)
        path = ByteString(try cursor.readBytes(Int(entry.path_length), from: bytes))
        target = ByteString(try cursor.readBytes(Int(entry.target_length), from: bytes))
        attributes = []
        while cursor.remaining(in: bytes) > 0 {
            let nameLength: UInt32 = try cursor.read(order: .little, from: bytes)
            let valueLength: UInt32 = try cursor.read(order: .little, from: bytes)
            let name = ByteString(try cursor.readBytes(Int(nameLength), from: bytes))
            attributes.append((name, try cursor.readBytes(Int(valueLength), from: bytes)))
        }
    }
}

extension RecordedFile {
    fileprivate init(_ identity: drydock_identity) {
        self.init(
            identity: FileStatus.Identity(device: identity.device, inode: identity.inode),
            birth: identity.birth
        )
    }
}

extension Span<UInt8> {
    /// A structure of C, which the child has written as it lies in memory.
    ///
    /// Unsafe, because any type could be named that not all bytes are a value of; those here are made of integers. It ends
    /// the process if fewer bytes are there.
    @unsafe
    fileprivate func load<Structure: BitwiseCopyable>(_ type: Structure.Type, at start: Int) -> Structure {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: type)
    }
}
