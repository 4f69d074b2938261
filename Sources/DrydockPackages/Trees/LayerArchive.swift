// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockTar

/// A member of a layer: its header, and where its bytes are.
public struct LayerMember: Hashable, Sendable {
    /// Name, kind and attributes.
    public let entry: TarEntry
    /// The bytes of a regular file; nil for everything else.
    public let content: FileContent?

    /// A member that does not have to be one of an archive.
    public init(entry: TarEntry, content: FileContent?) {
        self.entry = entry
        self.content = content
    }
}

/// The tar of one layer, passed through once: what it holds, and where its files can be read again.
public struct LayerArchive: Sendable {
    /// Where the tar stands after it was passed through.
    public enum Place: Hashable, Sendable {
        /// It is a part of a file of this host, uncompressed, and stays there.
        case file(path: String, offset: Int64)
        /// It is copied into a file without a name in this directory.
        case temporary(directory: String)
    }

    /// The bytes of the tar.
    public let bytes: ArchiveBytes
    /// What it holds, in its order.
    public let members: [LayerMember]

    /// The size of the tar in bytes.
    public var size: Int64 { bytes.size }

    /// Reads a tar from its first byte to its last, so that whoever hands out the bytes can verify all of them.
    ///
    /// - Parameters:
    ///   - name: What it is called in messages.
    ///   - place: Where the bytes can be read again.
    ///   - read: Fills the buffer or a part of it; 0 at the end.
    /// - Throws: ``TreeError`` for a broken archive; `SystemError`; what `read` throws.
    public init(
        named name: String,
        in place: Place,
        reading read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        let pass = try unsafe LayerPass(output: Self.output(for: place), read)
        var found: [(TarMember, [TarSegment])] = []
        do {
            var reader = TarReader(LayerSource(pass: pass))
            while let member = try reader.next() { found.append((member, member.segments)) }
            try pass.finish()
        } catch let failure as TarReadingFailure {
            throw TreeError(.brokenArchive(failure.clause), name)
        }
        let bytes = try pass.bytes(named: name, in: place)
        self.bytes = bytes
        members = found.map { member, segments in
            guard case .regular(let size) = member.entry.kind else {
                return LayerMember(entry: member.entry, content: nil)
            }
            let file = ArchivedFile(archive: bytes, size: size, segments: segments)
            return LayerMember(entry: member.entry, content: .archive(file))
        }
    }

    private static func output(for place: Place) throws(SystemError) -> LayerSpool? {
        switch place {
        case .file: nil
        case .temporary(let directory): LayerSpool(try OwnedDescriptor(unnamedIn: directory), directory: directory)
        }
    }
}

/// A file without a name that a tar is copied into; a class because a descriptor cannot be copied.
private final class LayerSpool {
    let directory: String
    private var descriptor: OwnedDescriptor?
    private let number: Int32

    init(_ descriptor: consuming OwnedDescriptor, directory: String) {
        number = descriptor.number
        self.descriptor = consume descriptor
        self.directory = directory
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try unsafe OutputDescriptor(number: number, path: directory).append(bytes)
    }

    func take() -> OwnedDescriptor? { descriptor.take() }
}

/// One pass through a tar: every byte is read, whether the tar reader wants it or not.
@safe
private final class LayerPass {
    private static let stepSize = 1 << 20

    private let output: LayerSpool?
    private let readSource: (UnsafeMutableRawBufferPointer) throws -> Int
    private let buffer = AlignedBuffer(capacity: stepSize)
    private var position = 0
    private(set) var size: Int64 = 0
    private var isAtEnd = false

    init(output: LayerSpool?, _ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.output = output
        unsafe readSource = read
    }

    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard try fill() else { return 0 }
        let count = min(target.count, buffer.count - position)
        let part = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[position..<position + count])
        unsafe target.copyMemory(from: part)
        position += count
        return count
    }

    func skip(_ count: Int64) throws {
        var rest = count
        while rest > 0, try fill() {
            let step = Int(min(rest, Int64(buffer.count - position)))
            position += step
            rest -= Int64(step)
        }
    }

    /// Passes over what is left.
    func finish() throws { while try fill() { position = buffer.count } }

    /// Makes sure that there is something in the buffer; false at the end.
    private func fill() throws -> Bool {
        if position < buffer.count { return true }
        guard !isAtEnd else { return false }
        try Task.checkCancellation()
        buffer.count = try unsafe readSource(buffer.storage)
        position = 0
        isAtEnd = buffer.count == 0
        size += Int64(buffer.count)
        try unsafe output?.append(buffer.bytes)
        return !isAtEnd
    }

    /// The tar for reading at any place.
    func bytes(named name: String, in place: LayerArchive.Place) throws -> ArchiveBytes {
        switch place {
        case .file(let path, let offset): return try ArchiveBytes(opening: path, offset: offset, size: size)
        case .temporary(let directory):
            guard let descriptor = output?.take() else { preconditionFailure("A spool is handed out once") }
            let status = try descriptor.status(path: directory)
            return ArchiveBytes(path: name, descriptor: descriptor, status: status)
        }
    }
}

private struct LayerSource: TarSource {
    let pass: LayerPass

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try unsafe pass.read(into: buffer) }

    func skip(_ count: Int64) throws { try pass.skip(count) }
}
