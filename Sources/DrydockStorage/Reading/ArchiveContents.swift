// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockTar

/// The files of a tar, compressed or not.
///
/// The archive is passed through once to learn what it holds; small documents are kept on the way. What is wanted
/// later and was not kept is read at its place, for which a compressed archive is decompressed into a temporary file.
struct ArchiveContents: ImageContents {
    /// A regular file of the archive.
    struct File {
        /// Where its content begins in the archive's decompressed bytes.
        let offset: Int64
        /// The size in bytes.
        let size: Int64
        /// How its content is compressed by itself.
        let format: CompressionFormat
    }

    /// The most members that an archive of images may have; each image has a few for each layer.
    static let memberLimit = 1 << 16
    /// The longest name of a member, in bytes; those of images have less than 100.
    private static let nameLimit = 512
    /// The most links from one member to the next.
    private static let linkLimit = 8
    /// The largest document that is kept, and how many bytes are kept together.
    private static let keptDocumentLimit: Int64 = 256 << 10
    private static let keptLimit = 8 << 20

    let path: String
    /// Set for a compressed archive.
    private let unpacked: UnpackedArchive?
    private var files: [String: File] = [:]
    private var links: [String: String] = [:]
    private var kept: [String: [UInt8]] = [:]
    private var keptCount = 0

    /// Passes through the archive.
    ///
    /// - Throws: ``ImageStorageFailure`` if it cannot be read as a tar; `SystemError`.
    init(_ path: String, temporaryDirectory: String) throws {
        self.path = path
        guard try FileStatus(of: path).kind == .regular else {
            throw ImageStorageFailure(.unrecognised, path: path)
        }
        let source: ArchiveSource
        do { source = try ArchiveSource(path) } catch let failure as DecompressionFailure {
            throw ImageStorageFailure(.unreadableArchive("\(failure)"), path: path)
        }
        unpacked = source.isCompressed ? UnpackedArchive(path, temporaryDirectory: temporaryDirectory) : nil
        try scan(source)
    }

    /// What is known of a file; nil if there is none of that name.
    func file(_ name: String) throws -> File? {
        try resolve(name).flatMap { files[$0] }
    }

    func place(of name: String) throws -> BlobPlace? { try file(name).map(place) }

    private func place(of file: File) -> BlobPlace {
        if let unpacked { return .unpacked(unpacked, offset: file.offset, size: file.size) }
        return .file(FileExtent(path: path, offset: file.offset, size: file.size))
    }

    func bytes(of name: String) throws -> [UInt8]? {
        guard let name = try resolve(name), let file = files[name] else { return nil }
        if let bytes = kept[name] { return bytes }
        guard file.size <= JSONLimits.document.bytes else {
            throw failure(.documentTooLarge(name: name, size: file.size, limit: JSONLimits.document.bytes))
        }
        let placed = try place(of: file).open()
        var bytes = [UInt8](repeating: 0, count: Int(file.size))
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe placed.read(into: $0) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The digests of the tars that files are, or become when they are decompressed.
    func diffIDs(of names: Set<String>) throws -> [String: Digest] {
        var digests = try self.digests(of: names.filter { try file($0).map { $0.format == .none } ?? true })
        for name in names where digests[name] == nil {
            guard let file = try file(name) else { throw failure(.missingMember(name)) }
            let placed = try place(of: file).open()
            let decompressor = try unsafe Decompressor(file.format) { try unsafe placed.read(into: $0) }
            do { digests[name] = try unsafe Self.digest { try unsafe decompressor.read(into: $0) } } catch {
                guard let error = error as? DecompressionFailure else { throw error }
                throw failure(.undecodable(name: name, sentence: "\(error)"))
            }
        }
        return digests
    }

    /// The digests of whole files as they are stored.
    func digests(of names: Set<String>) throws -> [String: Digest] {
        var known: [Int64: Digest] = [:]
        var digests: [String: Digest] = [:]
        for name in names {
            guard let file = try file(name) else { throw failure(.missingMember(name)) }
            if let digest = known[file.offset] {
                digests[name] = digest
                continue
            }
            let placed = try place(of: file).open()
            let digest = try unsafe Self.digest { try unsafe placed.read(into: $0) }
            known[file.offset] = digest
            digests[name] = digest
        }
        return digests
    }

    // MARK: - Passing through

    /// Notes all members.
    private mutating func scan(_ source: ArchiveSource) throws {
        var offset: Int64 = 0
        do {
            var limits = TarLimits.standard
            limits.nameLength = Self.nameLimit
            var reader = TarReader(source, limits: limits)
            var count = 0
            while let member = try reader.next() {
                offset = member.dataOffset
                count += 1
                guard count <= Self.memberLimit else { throw failure(.tooManyMembers(limit: Self.memberLimit)) }
                guard let name = Self.name(of: member.entry.name) else { continue }
                try note(name, member, &reader)
            }
            try source.finish()
        } catch let failure as TarReadingFailure {
            // What is no tar at its first byte is something else altogether.
            let isOther = offset == 0 && failure.offset == 0
            throw self.failure(isOther ? .unrecognised : .unreadableArchive("\(failure)"))
        } catch let failure as DecompressionFailure {
            throw self.failure(.unreadableArchive("\(failure)"))
        }
    }

    private mutating func note(_ name: String, _ member: TarMember, _ reader: inout TarReader<ArchiveSource>) throws {
        let isKnown = files[name] != nil || links[name] != nil
        // Programs differ in which of two members they believe: none of the documents may be ambiguous.
        guard !isKnown || !Self.isRootDocument(name) else { throw failure(.repeatedMember(name)) }
        files[name] = nil
        links[name] = nil
        kept[name] = nil
        switch member.entry.kind {
        case .regular(let size):
            guard member.sparseMap == nil else {
                throw failure(.notOfKind("an archive of images: it has sparse files"))
            }
            try noteFile(name, member.dataOffset, size: size, &reader)
        case .symlink(let target): links[name] = Self.target(target, from: name)
        case .hardLink(let target): links[name] = Self.name(of: target)
        default: break
        }
    }

    private mutating func noteFile(
        _ name: String,
        _ offset: Int64,
        size: Int64,
        _ reader: inout TarReader<ArchiveSource>
    ) throws {
        let start = try Self.read(min(Int(size), CompressionFormat.detectionLength), from: &reader)
        // A format that is not read, as lz4, matters only to those who read the layer.
        files[name] = File(offset: offset, size: size, format: (try? CompressionFormat.detect(start)) ?? .none)
        guard size <= Self.keptDocumentLimit, keptCount + Int(size) <= Self.keptLimit,
            start.first == UInt8(ascii: "{") || start.first == UInt8(ascii: "[")
        else { return }
        kept[name] = try start + Self.read(Int(size) - start.count, from: &reader)
        keptCount += Int(size)
    }

    private static func read(_ count: Int, from reader: inout TarReader<ArchiveSource>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let step = try unsafe bytes.withUnsafeMutableBytes { buffer in
                try unsafe reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            }
            guard step > 0 else { break }
            filled += step
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    private static func digest(of read: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Digest {
        var hash = StreamingHash()
        let buffer = AlignedBuffer(capacity: 1 << 20)
        while true {
            buffer.count = try unsafe read(buffer.storage)
            guard buffer.count > 0 else { return hash.finish() }
            unsafe hash.update(buffer.bytes)
        }
    }
}

// MARK: - Names

extension ArchiveContents {
    /// Documents that are found by their name alone, and not by a digest.
    private static func isRootDocument(_ name: String) -> Bool {
        ["manifest.json", "repositories", "index.json", "oci-layout"].contains(name)
    }

    /// The name of a member without `./` in front; nil if it cannot be a name that a document mentions.
    private static func name(of bytes: ByteString) -> String? { bytes.utf8Text.map { normalised($0) } }

    /// The parts of a path without `.` and empty ones; `..` takes one away.
    static func normalised(_ name: String) -> String {
        var parts: [Substring] = []
        for part in name.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Where a symbolic link leads within the archive; outside there is nothing.
    private static func target(_ target: ByteString, from name: String) -> String? {
        guard let text = target.utf8Text else { return nil }
        let folder = name.lastIndex(of: "/").map { name[..<$0] } ?? ""
        return normalised(text.hasPrefix("/") ? text : "\(folder)/\(text)")
    }

    /// The member that a name leads to over links; nil if there is none.
    private func resolve(_ name: String) throws -> String? {
        var current = Self.normalised(name)
        for _ in 0...Self.linkLimit {
            if files[current] != nil { return current }
            guard let next = links[current] else { return nil }
            current = next
        }
        throw failure(.brokenLink(name))
    }
}
