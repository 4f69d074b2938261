// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
package import DrydockPackages
import DrydockStorage
import DrydockTar

/// Everything that makes up a layer's tar, except the bytes of its files: its size is known before any is read.
///
/// The tar is a function of the recipe: it can be produced again at any time, and comes out the same.
public struct LayerRecipe: Sendable {
    /// One member of the tar.
    struct Member: Sendable {
        /// Nil for bytes that are a tar already.
        let header: TarEntry?
        /// Where the bytes behind the header come from; nil for members without.
        let content: FileContent?
        /// The number of bytes of the header in the tar.
        var headerSize = 0

        /// The number of bytes in the tar, padding included.
        var size: Int64 { Int64(headerSize) + TarFormat.paddedSize(content?.size ?? 0) }
    }

    let members: [Member]

    /// The size of the tar in bytes, its end and padding included.
    public let size: Int64
    /// The number of zeros at its end.
    let trailerSize: Int
    /// The members with which the store paths begin, for a layer of store paths; empty for others.
    private var starts: [Int] = []
    /// What a layer of store paths follows from; nil where that is not known.
    var key: LayerKey?

    /// How names begin.
    package enum NameStyle: Sendable {
        /// As `bin/sh`.
        case relative
        /// As `/nix/store/…`, which dockerTools writes in layers of store paths.
        case absolute
    }

    /// A layer of these entries, in this order.
    ///
    /// Of files that are hard links of each other the first becomes the file, and the others links to it.
    ///
    /// - Throws: ``TarWritingFailure`` for an entry that a tar cannot hold.
    package init(entries: [TreeEntry], names: NameStyle = .relative) throws {
        try self.init(entries: entries, names: names, starts: [])
    }

    /// A layer whose store paths begin at these entries.
    init(entries: [TreeEntry], names: NameStyle, starts: [Int]) throws {
        self.starts = starts
        var firstNames: [FileLink: ByteString] = [:]
        var size: Int64 = 0
        members = try entries.map { entry in
            var member = Self.member(for: names == .relative ? entry : entry.absolute, &firstNames)
            if let header = member.header { member.headerSize = try TarFormat.headerSize(of: header) }
            size += member.size
            return member
        }
        trailerSize = TarFormat.trailerSize(afterBytes: size)
        self.size = size + Int64(trailerSize)
    }

    /// A tar that exists, byte for byte.
    init(tar: ArchiveBytes) {
        members = [Member(header: nil, content: tar.wholeFile)]
        size = tar.size
        trailerSize = 0
    }

    /// A part of the tar that is compressed apart from the others.
    struct Part {
        let recipe: LayerRecipe
        /// The number of the store path whose part it is; nil for what is before the first and behind the last one.
        let storeObject: Int?
    }

    /// Whether the tar is compressed in parts.
    var isDivided: Bool { !starts.isEmpty }

    /// The parts in their order, which together are the tar.
    var parts: [Part] {
        var parts: [Part] = []
        let ends = starts.dropFirst() + [members.count]
        if let first = starts.first, first > 0 { parts.append(Part(recipe: part(0..<first), storeObject: nil)) }
        for (number, (start, end)) in zip(starts, ends).enumerated() {
            parts.append(Part(recipe: part(start..<end), storeObject: number))
        }
        return parts + [Part(recipe: LayerRecipe(trailerSize: trailerSize), storeObject: nil)]
    }

    private func part(_ range: Range<Int>) -> LayerRecipe { LayerRecipe(members: Array(members[range])) }

    /// Members without an end.
    private init(members: [Member]) {
        self.members = members
        trailerSize = 0
        size = members.reduce(0) { $0 + $1.size }
    }

    /// The end alone.
    private init(trailerSize: Int) {
        members = []
        self.trailerSize = trailerSize
        size = Int64(trailerSize)
    }

    /// The members of the tar.
    var layerMembers: [LayerMember] {
        members.compactMap { member in member.header.map { LayerMember(entry: $0, content: member.content) } }
    }

    /// Names are links of one file only as long as they also agree in everything else.
    private struct FileLink: Hashable {
        let identity: FileStatus.Identity
        let node: TreeEntry.Node
        let attributes: TreeEntry.Attributes
    }

    private static func member(for entry: TreeEntry, _ firstNames: inout [FileLink: ByteString]) -> Member {
        if let identity = entry.linkIdentity {
            let link = FileLink(identity: identity, node: entry.node, attributes: entry.attributes)
            if let first = firstNames[link] {
                return Member(header: header(of: entry, kind: .hardLink(target: first)), content: nil)
            }
            firstNames[link] = entry.path
        }
        switch entry.node {
        case .file(let content):
            return Member(header: header(of: entry, kind: .regular(size: content.size)), content: content)
        case .directory: return Member(header: header(of: entry, kind: .directory), content: nil)
        case .symlink(let target):
            return Member(header: header(of: entry, kind: .symlink(target: target)), content: nil)
        case .fifo: return Member(header: header(of: entry, kind: .fifo), content: nil)
        case .characterDevice(let major, let minor):
            return Member(header: header(of: entry, kind: .characterDevice(major: major, minor: minor)), content: nil)
        case .blockDevice(let major, let minor):
            return Member(header: header(of: entry, kind: .blockDevice(major: major, minor: minor)), content: nil)
        }
    }

    private static func header(of entry: TreeEntry, kind: TarEntry.Kind) -> TarEntry {
        var header = TarEntry(name: entry.path.isEmpty ? "." : entry.path, kind: kind, mode: entry.attributes.mode)
        header.uid = entry.attributes.owner.uid
        header.gid = entry.attributes.owner.gid
        header.userName = entry.attributes.owner.userName
        header.groupName = entry.attributes.owner.groupName
        header.modificationTime = entry.attributes.modificationTime
        header.extendedAttributes = entry.attributes.extendedAttributes
        return header
    }
}

extension TreeEntry {
    /// The entry with a slash before its path.
    fileprivate var absolute: TreeEntry {
        var entry = self
        entry.path = ByteString([UInt8(ascii: "/")] + path.bytes)
        return entry
    }
}
