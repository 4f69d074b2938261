// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockTar

/// The root file system of an image, computed from the members of its layers: what a container would see.
///
/// A layer's deletions concern only the layers below it, wherever they stand in the tar. Of several members of one name
/// the last one counts; a directory over a directory changes its attributes and keeps what is in it, and everything
/// else takes the place of what was there. A hard link has the content that its target has at that moment, whatever
/// happens to the target later. Names lead through the links of their own layer, within the root; where a lower layer
/// has a link or a file and a name needs a directory, there is a directory from then on, as an overlay has it.
///
/// [Image specification, Image Layer Filesystem Changeset](https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md).
public struct LayeredTree: Sendable {
    /// The number of links that a name may lead through, as in Linux (path_resolution(7)).
    static let maximumLinks = 40
    /// The most entries that are held in memory.
    static let maximumEntries = 8_000_000

    private struct Node {
        /// What it is, without its path; nil for a root that no layer mentions.
        var entry: TreeEntry?
        /// The layer that has written it last.
        var layer: Int
        let parent: Int
        /// How many directories it is in.
        let depth: Int
        var children: [ByteString: Int] = [:]
    }

    private var nodes = [Node(entry: nil, layer: 0, parent: 0, depth: 0)]
    private var layer = 0

    /// A root file system without anything.
    public init() {}

    /// Puts a layer on top.
    ///
    /// - Parameters:
    ///   - members: What the layer holds, in its order.
    ///   - name: What the layer is called in messages.
    /// - Throws: ``TreeError`` for members that no program can unpack.
    public mutating func add(_ members: [LayerMember], named name: String) throws(TreeError) {
        layer += 1
        var names: [LayerName] = []
        names.reserveCapacity(members.count)
        for member in members { names.append(try LayerName(member.entry.name, of: name)) }
        for name in names { delete(name) }
        var pass = Pass(archive: name)
        for (number, member) in members.enumerated() { try put(member, named: names[number], number, &pass) }
    }

    /// What is there, parents before what they contain and siblings by name; the root first, if a layer mentions it.
    public func entries() -> [TreeEntry] {
        var result: [TreeEntry] = []
        result.reserveCapacity(nodes.count)
        collect(0, path: [], into: &result)
        return result
    }

    private func collect(_ index: Int, path: [UInt8], into result: inout [TreeEntry]) {
        let node = nodes[index]
        if var entry = node.entry {
            entry.path = ByteString(path)
            result.append(entry)
        }
        for (name, child) in node.children.sorted(by: { $0.key < $1.key }) {
            collect(child, path: path.isEmpty ? name.bytes : path + [UInt8(ascii: "/")] + name.bytes, into: &result)
        }
    }
}

// MARK: - Deleting

extension LayeredTree {
    /// Does what a deletion says; no member of the same layer is there yet.
    private mutating func delete(_ name: LayerName) {
        switch name {
        case .whiteout(let directory, let name):
            if let parent = find(directory) { nodes[parent].children[name] = nil }
        case .opaque(let directory):
            if let parent = find(directory) { nodes[parent].children = [:] }
        default: break
        }
    }

    /// What is at these components, without following links.
    private func find(_ components: [ByteString]) -> Int? {
        var current = 0
        for name in components {
            guard let next = nodes[current].children[name] else { return nil }
            current = next
        }
        return current
    }
}

// MARK: - Adding

extension LayeredTree {
    /// What is known while the members of one layer are put in.
    private struct Pass {
        let archive: String
        /// Files that AUFS keeps for hard links.
        var shared: [ByteString: TreeEntry] = [:]
        /// The member that is put in, for messages, and how many links its name led through.
        var member: TarEntry?
        var links = 0

        func broken(_ reason: String) -> TreeError { TreeError(.brokenArchive(reason), archive) }

        var memberName: String { "'\(member?.name ?? "")'" }
    }

    private mutating func put(
        _ member: LayerMember,
        named name: LayerName,
        _ number: Int,
        _ pass: inout Pass
    ) throws(TreeError) {
        pass.member = member.entry
        pass.links = 0
        switch name {
        case .whiteout, .opaque, .ignored: return
        case .sharedFile(let name): pass.shared[name] = entry(member)?.linked(identity(number))
        case .entry(let components):
            guard let last = components.last else { return try putRoot(member, pass) }
            let parent = try directory(at: components.dropLast(), from: 0, &pass)
            if case .hardLink(let target) = member.entry.kind {
                try link(last, in: parent, to: target, number, &pass)
            } else if let entry = entry(member) {
                try set(last, in: parent, entry, pass)
            }
        }
    }

    private mutating func putRoot(_ member: LayerMember, _ pass: Pass) throws(TreeError) {
        guard member.entry.kind == .directory else { throw pass.broken("\(pass.memberName) is no directory") }
        nodes[0].entry = entry(member)
    }

    private mutating func set(
        _ name: ByteString,
        in parent: Int,
        _ entry: TreeEntry,
        _ pass: Pass
    ) throws(TreeError) {
        if let existing = nodes[parent].children[name], entry.isDirectory, isDirectory(existing) {
            nodes[existing].entry = entry
            nodes[existing].layer = layer
            return
        }
        guard nodes.count < Self.maximumEntries else {
            throw TreeError(.tooManyEntries(limit: Self.maximumEntries), pass.archive)
        }
        let depth = nodes[parent].depth + 1
        // Links could lead deeper than any name that was checked.
        guard depth <= DirectoryTree.maximumDepth else { throw TreeError(.tooDeep, pass.archive) }
        nodes[parent].children[name] = nodes.count
        nodes.append(Node(entry: entry, layer: layer, parent: parent, depth: depth))
    }

    /// Another name for a file that is there.
    private mutating func link(
        _ name: ByteString,
        in parent: Int,
        to target: ByteString,
        _ number: Int,
        _ pass: inout Pass
    ) throws(TreeError) {
        if let shared = LayerName.sharedFile(target), let entry = pass.shared[shared] {
            return try set(name, in: parent, entry, pass)
        }
        let components = try LayerName.components(of: target, of: pass.archive)
        guard let found = try lookUp(components, &pass), let entry = nodes[found].entry, !entry.isDirectory else {
            throw pass.broken("\(pass.memberName) is a link to '\(target)', which is no file that comes before it")
        }
        // A file that was appended to an archive a second time is a link to itself.
        if nodes[parent].children[name] == found { return }
        let linked = entry.linked(entry.linkIdentity ?? identity(number))
        nodes[found].entry = linked
        try set(name, in: parent, linked, pass)
    }

    /// Files of one tree are told apart by layer and number of a member.
    private func identity(_ number: Int) -> FileStatus.Identity {
        FileStatus.Identity(device: UInt64(layer), inode: UInt64(number))
    }

    private func isDirectory(_ index: Int) -> Bool { nodes[index].entry?.isDirectory ?? true }

    private func entry(_ member: LayerMember) -> TreeEntry? {
        TreeEntry.Node(member).map { node in
            TreeEntry(path: "", node: node, attributes: TreeEntry.Attributes(member.entry))
        }
    }
}

// MARK: - Paths

extension LayeredTree {
    /// The directory that `components` lead to from the directory `start`; what is missing is made.
    private mutating func directory(
        at components: some Collection<ByteString>,
        from start: Int,
        _ pass: inout Pass
    ) throws(TreeError) -> Int {
        var current = start
        for name in components where name != "." {
            if name == ".." {
                current = nodes[current].parent
                continue
            }
            if let next = nodes[current].children[name], let entered = try enter(next, &pass) {
                current = entered
                continue
            }
            try set(name, in: current, impliedDirectory(pass), pass)
            current = nodes.count - 1
        }
        return current
    }

    /// The directory that something is or leads to; nil where a directory takes its place.
    private mutating func enter(_ index: Int, _ pass: inout Pass) throws(TreeError) -> Int? {
        if isDirectory(index) { return index }
        guard nodes[index].layer == layer else { return nil }
        guard case .symlink(let target) = nodes[index].entry?.node else {
            throw pass.broken("\(pass.memberName) is below a file")
        }
        pass.links += 1
        guard pass.links <= Self.maximumLinks else {
            throw pass.broken("\(pass.memberName) leads through links in a circle")
        }
        let start = target.bytes.first == UInt8(ascii: "/") ? 0 : nodes[index].parent
        return try directory(at: Self.parts(of: target), from: start, &pass)
    }

    /// A directory that no layer mentions.
    private func impliedDirectory(_ pass: Pass) -> TreeEntry {
        TreeEntry(
            path: "",
            node: .directory,
            attributes: TreeEntry.Attributes(
                mode: 0o755,
                owner: TreeEntry.Ownership(uid: 0, gid: 0),
                modificationTime: pass.member?.modificationTime ?? 0
            )
        )
    }

    /// What is at these components; links on the way are followed, at the end they are not.
    private func lookUp(_ components: [ByteString], _ pass: inout Pass) throws(TreeError) -> Int? {
        guard let last = components.last else { return 0 }
        guard let parent = try existingDirectory(components.dropLast(), from: 0, &pass) else { return nil }
        return nodes[parent].children[last]
    }

    private func existingDirectory(
        _ components: some Collection<ByteString>,
        from start: Int,
        _ pass: inout Pass
    ) throws(TreeError) -> Int? {
        var current = start
        for name in components where name != "." {
            if name == ".." {
                current = nodes[current].parent
                continue
            }
            guard let next = nodes[current].children[name] else { return nil }
            guard case .symlink(let target) = nodes[next].entry?.node else {
                guard isDirectory(next) else { return nil }
                current = next
                continue
            }
            pass.links += 1
            guard pass.links <= Self.maximumLinks else { return nil }
            let origin = target.bytes.first == UInt8(ascii: "/") ? 0 : current
            guard let found = try existingDirectory(Self.parts(of: target), from: origin, &pass) else { return nil }
            current = found
        }
        return current
    }

    private static func parts(of path: ByteString) -> [ByteString] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }
    }
}

// MARK: - From members to entries

extension TreeEntry {
    /// The same file under a name that it shares with others.
    fileprivate func linked(_ identity: FileStatus.Identity) -> TreeEntry {
        var entry = self
        entry.linkIdentity = identity
        return entry
    }
}

extension TreeEntry.Node {
    /// What a member is; nil for a hard link, which is what its target is.
    fileprivate init?(_ member: LayerMember) {
        switch member.entry.kind {
        case .regular: self = .file(member.content ?? .bytes([]))
        case .directory: self = .directory
        case .symlink(let target): self = .symlink(target)
        case .characterDevice(let major, let minor): self = .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): self = .blockDevice(major: major, minor: minor)
        case .fifo: self = .fifo
        case .hardLink: return nil
        }
    }
}

extension TreeEntry.Attributes {
    /// Everything that a header says.
    init(_ header: TarEntry) {
        self.init(
            mode: header.mode,
            owner: TreeEntry.Ownership(
                uid: header.uid,
                gid: header.gid,
                userName: header.userName,
                groupName: header.groupName
            ),
            modificationTime: header.modificationTime,
            extendedAttributes: header.extendedAttributes
        )
    }
}
