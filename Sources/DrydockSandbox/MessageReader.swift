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
        var cursor = ByteCursor(at: start + 12)
        guard let length = try? cursor.read(UInt32.self, order: .little, from: pending.span) else { return nil }
        return Self.headerSize + Int(length)
    }

    private mutating func take(_ slice: ArraySlice<UInt8>) throws {
        let message = Array(slice)
        var cursor = ByteCursor()
        let kind: UInt32 = try cursor.read(order: .little, from: message.span)
        let first: Int32 = try cursor.read(order: .little, from: message.span)
        let second: Int32 = try cursor.read(order: .little, from: message.span)
        try cursor.skip(4, in: message.span)
        switch kind {
        case DRYDOCK_MESSAGE_FAILED.rawValue: failure = Failure(stage: Int(first), errorNumber: second)
        case DRYDOCK_MESSAGE_MISSING.rawValue: report.missing[Int(first)] = second
        case DRYDOCK_MESSAGE_ENDED.rawValue: report.ending = SandboxEnding(waitStatus: first, reason: second)
        case DRYDOCK_MESSAGE_ENTRY.rawValue: report.entries.append(try ChangedEntry(message.span, &cursor))
        case DRYDOCK_MESSAGE_DONE.rawValue: report.isDone = true
        case DRYDOCK_MESSAGE_READY.rawValue: report.isReady = true
        case DRYDOCK_MESSAGE_IDENTITY.rawValue:
            report.identities[Int(first)] = try RecordedFile(message.span, &cursor)
        default: break
        }
    }
}

extension ChangedEntry {
    /// Reads `drydock_entry` and what follows it.
    fileprivate init(_ bytes: borrowing Span<UInt8>, _ cursor: inout ByteCursor) throws(DecodingFailure) {
        identity = try FileStatus.Identity(bytes, &cursor)
        seen = try RecordedFile(bytes, &cursor)
        mode = try cursor.read(order: .little, from: bytes)
        uid = try cursor.read(order: .little, from: bytes)
        gid = try cursor.read(order: .little, from: bytes)
        linkCount = try cursor.read(order: .little, from: bytes)
        device = (try cursor.read(order: .little, from: bytes), try cursor.read(order: .little, from: bytes))
        let pathLength: UInt32 = try cursor.read(order: .little, from: bytes)
        let targetLength: UInt32 = try cursor.read(order: .little, from: bytes)
        // The length of the attributes, which go to the end, and padding.
        try cursor.skip(8, in: bytes)
        path = ByteString(try cursor.readBytes(Int(pathLength), from: bytes))
        target = ByteString(try cursor.readBytes(Int(targetLength), from: bytes))
        attributes = []
        while cursor.remaining(in: bytes) > 0 {
            let nameLength: UInt32 = try cursor.read(order: .little, from: bytes)
            let valueLength: UInt32 = try cursor.read(order: .little, from: bytes)
            let name = ByteString(try cursor.readBytes(Int(nameLength), from: bytes))
            attributes.append((name, try cursor.readBytes(Int(valueLength), from: bytes)))
        }
    }
}

extension FileStatus.Identity {
    fileprivate init(_ bytes: borrowing Span<UInt8>, _ cursor: inout ByteCursor) throws(DecodingFailure) {
        let device: UInt64 = try cursor.read(order: .little, from: bytes)
        let inode: UInt64 = try cursor.read(order: .little, from: bytes)
        self.init(device: device, inode: inode)
    }
}

extension RecordedFile {
    /// Reads `drydock_identity`.
    fileprivate init(_ bytes: borrowing Span<UInt8>, _ cursor: inout ByteCursor) throws(DecodingFailure) {
        let identity = try FileStatus.Identity(bytes, &cursor)
        let birth: UInt64 = try cursor.read(order: .little, from: bytes)
        self.init(identity: identity, birth: Int64(bitPattern: birth))
    }
}
