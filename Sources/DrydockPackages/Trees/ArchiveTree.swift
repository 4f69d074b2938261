// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockCompression
import DrydockFiles
import DrydockTar

/// A tar archive, plain or compressed with gzip, zstd, xz or bzip2, as entries of an image.
///
/// Names, kinds, modes, owners and the portable extended attributes are the archive's; the time is the image's. Nothing
/// is unpacked: a compressed archive is decompressed once into a file without a name, from which its members are read.
public struct ArchiveTree: Sendable {
    /// The archive on this host.
    public let path: String
    /// The path in the image below which its entries stand; empty for the root.
    public let prefix: ByteString
    /// How many leading components of each name are left out; members with fewer are left out whole.
    public let strippedComponents: Int
    /// The time of every entry, in seconds since 1970.
    public let modificationTime: Int64
    /// Where a decompressed archive is kept while the image is built.
    public let temporaryDirectory: String

    /// An archive that will be read by ``entries()``.
    public init(
        path: String,
        prefix: ByteString = "",
        strippedComponents: Int = 0,
        modificationTime: Int64,
        temporaryDirectory: String
    ) {
        self.path = path
        self.prefix = prefix
        self.strippedComponents = strippedComponents
        self.modificationTime = modificationTime
        self.temporaryDirectory = temporaryDirectory
    }

    /// Reads the archive's headers, and decompresses it if it is compressed.
    ///
    /// - Throws: ``SystemError``; ``TreeError`` for an archive that is broken or leads out of its root.
    public func entries() throws -> [TreeEntry] {
        let archive = try ArchiveSpool(temporaryDirectory: temporaryDirectory).open(path)
        var listing = Listing(tree: self, archive: archive)
        var reader = TarReader(ArchiveCursor(archive))
        do {
            while let member = try reader.next() { try listing.add(member) }
        } catch let failure as TarReadingFailure {
            throw TreeError(.brokenArchive(failure.clause), path)
        }
        // What was stripped away has no path, nor has the root, whose own mode says nothing of the image.
        return listing.entries.filter { !$0.path.isEmpty }
    }
}

/// The entries of an archive as far as it has been read.
private struct Listing {
    let tree: ArchiveTree
    let archive: ArchiveBytes
    var entries: [TreeEntry] = []
    /// The number of the last entry of each name, for hard links.
    private var numbers: [ByteString: Int] = [:]

    init(tree: ArchiveTree, archive: ArchiveBytes) {
        self.tree = tree
        self.archive = archive
    }

    mutating func add(_ member: TarMember) throws {
        let components = try components(of: member.entry.name)
        let name = Self.join(components[...])
        let entry: TreeEntry
        if case .hardLink(let target) = member.entry.kind {
            entry = try link(member, to: Self.join(try self.components(of: target)[...]))
        } else {
            entry = TreeEntry(path: "", node: node(of: member), attributes: attributes(of: member.entry))
        }
        numbers[name] = entries.count
        entries.append(entry)
        entries[entries.count - 1].path = path(components)
    }

    /// A hard link: the same file under another name.
    private mutating func link(_ member: TarMember, to target: ByteString) throws -> TreeEntry {
        guard let number = numbers[target], !entries[number].isDirectory else {
            let reason = "'\(member.entry.name)' is a link to '\(target)', which is no file that comes before it"
            throw TreeError(.brokenArchive(reason), tree.path)
        }
        // Files of one archive are told apart by the number of their first entry.
        let identity = entries[number].linkIdentity ?? FileStatus.Identity(device: 0, inode: UInt64(number))
        entries[number].linkIdentity = identity
        return entries[number]
    }

    private func node(of member: TarMember) -> TreeEntry.Node {
        switch member.entry.kind {
        case .regular(let size): .file(.archive(ArchivedFile(archive: archive, size: size, segments: member.segments)))
        case .directory, .hardLink: .directory
        case .symlink(let target): .symlink(target)
        case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
        case .fifo: .fifo
        }
    }

    private func attributes(of entry: TarEntry) -> TreeEntry.Attributes {
        TreeEntry.Attributes(
            mode: entry.mode,
            owner: TreeEntry.Ownership(
                uid: entry.uid,
                gid: entry.gid,
                userName: entry.userName,
                groupName: entry.groupName
            ),
            modificationTime: tree.modificationTime,
            extendedAttributes: entry.extendedAttributes.filter { ExtendedAttribute.isPortable($0.name) }
        )
    }

    /// The path in the image; nil for what is stripped away, and for the root itself.
    private func path(_ components: [ByteString]) -> ByteString {
        let kept = components.dropFirst(tree.strippedComponents)
        guard !tree.prefix.isEmpty, !kept.isEmpty else { return Self.join(kept) }
        return ByteString(tree.prefix.bytes + [UInt8(ascii: "/")] + Self.join(kept).bytes)
    }

    private func components(of name: ByteString) throws -> [ByteString] {
        let components = name.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }.filter { $0 != "." }
        guard !components.contains("..") else {
            throw TreeError(.unsafeMember("its member '\(name)' leads out of the archive"), tree.path)
        }
        guard components.count <= DirectoryTree.maximumDepth else { throw TreeError(.tooDeep, tree.path) }
        if components.contains(where: { $0.bytes.starts(with: ".wh.".utf8) }) {
            throw TreeError(.whiteoutName, "\(tree.path)/\(name)")
        }
        return components
    }

    private static func join(_ components: ArraySlice<ByteString>) -> ByteString {
        ByteString(Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
    }
}

/// Reads an archive from its start.
private struct ArchiveCursor: TarSource {
    private let archive: ArchiveBytes
    private var offset: Int64 = 0

    init(_ archive: ArchiveBytes) { self.archive = archive }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try unsafe archive.read(into: buffer, at: offset)
        offset += Int64(count)
        return count
    }

    mutating func skip(_ count: Int64) { offset += count }
}
