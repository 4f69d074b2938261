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
/// later and was not kept costs another pass, which is cheap unless the archive is compressed.
struct ArchiveContents: ImageContents {
    /// A regular file of the archive.
    struct File {
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
    private var files: [String: File] = [:]
    private var links: [String: String] = [:]
    private var kept: [String: [UInt8]] = [:]
    private var keptCount = 0

    /// Passes through the archive.
    ///
    /// - Throws: ``ImageStorageFailure`` if it cannot be read as a tar; `SystemError`.
    init(_ path: String) throws {
        self.path = path
        guard try FileStatus(of: path).kind == .regular else { throw failure(.unrecognised) }
        try Self.scan(path) { (name, member, reader) in
            try note(name, member, &reader)
            return true
        }
    }

    /// What is known of a file; nil if there is none of that name.
    func file(_ name: String) throws -> File? {
        try resolve(name).flatMap { files[$0] }
    }

    func size(of name: String) throws -> Int64? { try file(name)?.size }

    func bytes(of name: String) throws -> [UInt8]? {
        guard let name = try resolve(name), let file = files[name] else { return nil }
        if let bytes = kept[name] { return bytes }
        guard file.size <= JSONLimits.document.bytes else {
            throw failure(.documentTooLarge(name: name, size: file.size, limit: JSONLimits.document.bytes))
        }
        var found: [UInt8]?
        try Self.scan(path) { (other, _, reader) in
            guard other == name else { return true }
            found = try Self.read(Int(file.size), from: &reader)
            return false
        }
        return found
    }

    /// The digests of whole files as they are stored, in one pass.
    func digests(of names: Set<String>) throws -> [String: Digest] {
        var wanted: [String: [String]] = [:]
        for name in names {
            guard let target = try resolve(name) else { throw failure(.missingMember(name)) }
            wanted[target, default: []].append(name)
        }
        var digests: [String: Digest] = [:]
        try Self.scan(path) { (name, _, reader) in
            guard let aliases = wanted[name] else { return true }
            let digest = try Self.digest(of: &reader)
            for alias in aliases { digests[alias] = digest }
            return true
        }
        return digests
    }

    // MARK: - Passing through

    private typealias Visit = (String, TarMember, inout TarReader<ArchiveSource>) throws -> Bool

    /// Calls `visit` for each member until it returns false.
    private static func scan(_ path: String, _ visit: Visit) throws {
        var offset: Int64 = 0
        do {
            var limits = TarLimits.standard
            limits.nameLength = nameLimit
            var reader = TarReader(try ArchiveSource(path), limits: limits)
            var count = 0
            while let member = try reader.next() {
                offset = member.dataOffset
                count += 1
                guard count <= memberLimit else {
                    throw ImageStorageFailure(.tooManyMembers(limit: memberLimit), path: path)
                }
                guard let name = name(of: member.entry.name) else { continue }
                guard try visit(name, member, &reader) else { return }
            }
        } catch let failure as TarReadingFailure {
            // What is no tar at its first byte is something else altogether.
            let isOther = offset == 0 && failure.offset == 0
            let reason = isOther ? ImageStorageFailure.Reason.unrecognised : .unreadableArchive("\(failure)")
            throw ImageStorageFailure(reason, path: path)
        } catch let failure as DecompressionFailure {
            throw ImageStorageFailure(.unreadableArchive("\(failure)"), path: path)
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
            try noteFile(name, size: size, &reader)
        case .symlink(let target): links[name] = Self.target(target, from: name)
        case .hardLink(let target): links[name] = Self.name(of: target)
        default: break
        }
    }

    private mutating func noteFile(_ name: String, size: Int64, _ reader: inout TarReader<ArchiveSource>) throws {
        let start = try Self.read(min(Int(size), CompressionFormat.detectionLength), from: &reader)
        // A format that is not read, as xz, matters only to those who read the layer.
        files[name] = File(size: size, format: (try? CompressionFormat.detect(start)) ?? .none)
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

    private static func digest(of reader: inout TarReader<ArchiveSource>) throws -> Digest {
        var hash = StreamingHash()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
            guard count > 0 else { return hash.finish() }
            unsafe buffer.withUnsafeBytes { unsafe hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
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
