// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
package import DrydockPackages

/// The root file system of an image, put together from inputs of which later ones win.
///
/// Each path belongs to the input that gave it its present form, and is packed into that input's layer and no other.
/// An entry that repeats what is already there stays where it was, so that a library that two inputs need is packed
/// once. Links to directories that are already there are followed: a file for `/lib/x` over a `/lib` that links to
/// `usr/lib` lands in `/usr/lib`, and the link stays; so it does if the link comes later, and no input has a directory `/lib` but
/// for what lies below it. Among copied trees it is as ``Copies`` says. For the package,
/// because its tests compare it with a model.
package struct RootTree {
    /// The trees of `copyToRoot`: their directories meet links of each other as in rsync.
    ///
    /// A directory takes the place of the link, unless links are kept and the link leads to a directory that is there:
    /// then it is that directory. Nothing is made where a link leads to.
    package struct Copies: Sendable {
        /// Which inputs they are.
        let inputs: Range<Int>
        /// Whether they are copied as by `rsync -aK`, and not `rsync -ak`.
        let keepsLinks: Bool

        /// Some of the inputs.
        package init(inputs: Range<Int>, keepsLinks: Bool) {
            self.inputs = inputs
            self.keepsLinks = keepsLinks
        }
    }

    /// The number of links that a path may lead through, as in Linux (path_resolution(7)).
    package static let maximumLinks = 40

    private struct Node {
        var entry: TreeEntry?
        var owner: Int
        var children: [ByteString: Int] = [:]
        var parent: Int
        let name: ByteString

        var isDirectory: Bool { entry.map(\.isDirectory) ?? true }
    }

    private var nodes = [Node(entry: nil, owner: 0, parent: 0, name: "")]
    /// What the inputs are called, for messages.
    private let inputs: [String]
    private let style: EntryStyle
    private let copies: Copies

    /// A root without entries.
    ///
    /// - Parameters:
    ///   - inputs: What each input is called in messages, by its number.
    ///   - style: Owner and time of directories that no input mentions.
    ///   - copies: Which inputs are trees of `copyToRoot`.
    package init(inputs: [String], style: EntryStyle, copies: Copies = Copies(inputs: 0..<0, keepsLinks: false)) {
        self.inputs = inputs
        self.style = style
        self.copies = copies
    }

    /// Puts an entry of input number `input` at its path.
    package mutating func insert(_ entry: TreeEntry, from input: Int) throws(ContentsConflict) {
        let components = Self.components(of: entry.path)
        guard let name = components.last else {
            nodes[0].entry = entry
            nodes[0].owner = input
            return
        }
        var resolution = Resolution(path: entry.path, input: input)
        let parent = try directory(at: components.dropLast(), from: 0, &resolution)
        if let existing = nodes[parent].children[name] {
            try replace(existing, with: entry, &resolution)
        } else {
            add(entry, named: name, to: parent, from: input)
        }
    }

    /// The entries that belong to one of `owners`, with the directories above them; parents first, siblings by name.
    package func entries(of owners: Range<Int>) -> [TreeEntry] {
        var result: [TreeEntry] = []
        _ = collect(0, path: [], owners, into: &result)
        return result
    }
}

// MARK: - Inserting

extension RootTree {
    /// The path that is being resolved, for whom, and how many links it led through.
    private struct Resolution {
        let path: ByteString
        let input: Int
        var links = 0
    }

    private mutating func add(_ entry: TreeEntry?, named name: ByteString, to parent: Int, from input: Int) {
        nodes[parent].children[name] = nodes.count
        nodes.append(Node(entry: entry, owner: input, parent: parent, name: name))
    }

    private mutating func replace(
        _ existing: Int,
        with entry: TreeEntry,
        _ resolution: inout Resolution
    ) throws(ContentsConflict) {
        let node = nodes[existing]
        if entry.isDirectory {
            if case .symlink = node.entry?.node {
                return try replaceLink(existing, with: entry, &resolution)
            }
            guard node.isDirectory else { throw conflict(.directoryOverFile, at: existing, resolution) }
        } else if node.isDirectory {
            guard node.entry == nil, case .symlink(let target) = entry.node else {
                throw conflict(.fileOverDirectory, at: existing, resolution)
            }
            try moveContent(of: existing, behind: target, &resolution)
        }
        set(existing, entry, resolution)
    }

    /// Moves what lies in a directory that no input mentions to where the link leads that takes its place.
    private mutating func moveContent(
        of directory: Int,
        behind link: ByteString,
        _ resolution: inout Resolution
    ) throws(ContentsConflict) {
        let target = try follow(link, of: directory, &resolution)
        guard !isInside(target, directory), canMerge(directory, into: target, apartFrom: directory) else {
            throw conflict(.fileOverDirectory, at: directory, resolution)
        }
        merge(directory, into: target)
    }

    private func isInside(_ index: Int, _ directory: Int) -> Bool {
        var current = index
        while current != directory, current != 0 { current = nodes[current].parent }
        return current == directory
    }

    /// Whether only directories would meet directories; `gone` will be none.
    private func canMerge(_ source: Int, into target: Int, apartFrom gone: Int) -> Bool {
        nodes[source].children.allSatisfy { name, child in
            guard let other = nodes[target].children[name] else { return true }
            guard other != gone, nodes[child].isDirectory, nodes[other].isDirectory else { return false }
            return canMerge(child, into: other, apartFrom: gone)
        }
    }

    private mutating func merge(_ source: Int, into target: Int) {
        for (name, child) in nodes[source].children {
            if let other = nodes[target].children[name] {
                let isLater = nodes[other].entry == nil || nodes[child].owner > nodes[other].owner
                if nodes[child].entry != nil, isLater {
                    (nodes[other].entry, nodes[other].owner) = (nodes[child].entry, nodes[child].owner)
                }
                merge(child, into: other)
            } else {
                nodes[target].children[name] = child
                nodes[child].parent = target
            }
        }
        nodes[source].children = [:]
    }

    /// Puts a directory where a link is.
    private mutating func replaceLink(
        _ link: Int,
        with directory: TreeEntry,
        _ resolution: inout Resolution
    ) throws(ContentsConflict) {
        guard isAmongCopies(link, resolution) else {
            // The link stays; what it leads to must be a directory, and is this one if it was missing.
            let target = try follow(link, &resolution)
            if target != 0, nodes[target].entry == nil { set(target, directory, resolution) }
            return
        }
        let place = copies.keepsLinks ? existingDirectory(behind: link) ?? link : link
        if place != 0 { set(place, directory, resolution) }
    }

    private mutating func set(_ index: Int, _ entry: TreeEntry, _ resolution: Resolution) {
        guard !Self.isRepetition(of: nodes[index].entry, entry) else { return }
        nodes[index].entry = entry
        nodes[index].owner = resolution.input
    }

    private static func isRepetition(of old: TreeEntry?, _ new: TreeEntry) -> Bool {
        old?.node == new.node && old?.attributes == new.attributes && old?.linkIdentity == new.linkIdentity
    }

    /// The directory that `components` lead to from the directory `start`; missing ones are made.
    private mutating func directory(
        at components: some Collection<ByteString>,
        from start: Int,
        _ resolution: inout Resolution
    ) throws(ContentsConflict) -> Int {
        var current = start
        for name in components {
            if name == "." { continue }
            if name == ".." {
                current = nodes[current].parent
                continue
            }
            guard let next = nodes[current].children[name] else {
                add(nil, named: name, to: current, from: resolution.input)
                current = nodes.count - 1
                continue
            }
            current = try enter(next, &resolution)
        }
        return current
    }

    private mutating func enter(_ index: Int, _ resolution: inout Resolution) throws(ContentsConflict) -> Int {
        if nodes[index].isDirectory { return index }
        guard case .symlink = nodes[index].entry?.node else { throw conflict(.entryBelowFile, at: index, resolution) }
        guard isAmongCopies(index, resolution) else { return try follow(index, &resolution) }
        if copies.keepsLinks, let target = existingDirectory(behind: index) { return target }
        nodes[index].entry = nil
        nodes[index].owner = resolution.input
        return index
    }

    private func isAmongCopies(_ link: Int, _ resolution: Resolution) -> Bool {
        copies.inputs.contains(nodes[link].owner) && copies.inputs.contains(resolution.input)
    }

    /// The directory that a link leads to, if it is there.
    private func existingDirectory(behind link: Int) -> Int? {
        var links = 0
        return existingDirectory(behind: link, &links)
    }

    private func existingDirectory(behind link: Int, _ links: inout Int) -> Int? {
        guard case .symlink(let target) = nodes[link].entry?.node, links < Self.maximumLinks else { return nil }
        links += 1
        var current = target.bytes.first == UInt8(ascii: "/") ? 0 : nodes[link].parent
        for name in Self.components(of: target) where name != "." {
            if name == ".." {
                current = nodes[current].parent
                continue
            }
            guard let next = nodes[current].children[name] else { return nil }
            guard let directory = nodes[next].isDirectory ? next : existingDirectory(behind: next, &links) else {
                return nil
            }
            current = directory
        }
        return current
    }

    /// The directory that a link leads to, made if it is missing.
    private mutating func follow(_ index: Int, _ resolution: inout Resolution) throws(ContentsConflict) -> Int {
        guard case .symlink(let target) = nodes[index].entry?.node else {
            preconditionFailure("Only links can be followed")
        }
        return try follow(target, of: index, &resolution)
    }

    /// The directory that `target` leads to from where the node `index` is, made if it is missing.
    private mutating func follow(
        _ target: ByteString,
        of index: Int,
        _ resolution: inout Resolution
    ) throws(ContentsConflict) -> Int {
        resolution.links += 1
        guard resolution.links <= Self.maximumLinks else { throw conflict(.linkLoop, at: index, resolution) }
        let start = target.bytes.first == UInt8(ascii: "/") ? 0 : nodes[index].parent
        return try directory(at: Self.components(of: target), from: start, &resolution)
    }

    private func conflict(_ code: ContentsConflict.Code, at index: Int, _ resolution: Resolution) -> ContentsConflict {
        ContentsConflict(
            code: code,
            path: "/\(ByteString(path(of: index)))",
            wanted: "/\(resolution.path)",
            first: inputs[nodes[index].owner],
            second: inputs[resolution.input]
        )
    }

    private func path(of index: Int) -> [UInt8] {
        var components: [[UInt8]] = []
        var current = index
        while current != 0 {
            components.append(nodes[current].name.bytes)
            current = nodes[current].parent
        }
        return Array(components.reversed().joined(separator: [UInt8(ascii: "/")]))
    }

    private static func components(of path: ByteString) -> [ByteString] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }
    }
}

// MARK: - Collecting

extension RootTree {
    /// Appends the subtree's entries of `owners`; true if there was one.
    private func collect(_ index: Int, path: [UInt8], _ owners: Range<Int>, into result: inout [TreeEntry]) -> Bool {
        let node = nodes[index]
        let position = result.count
        var isWanted = node.entry != nil && owners.contains(node.owner)
        if node.isDirectory {
            // Room for the directory itself; it goes again if nothing below it is wanted.
            result.append(directoryEntry(node, path: path))
            for (name, child) in node.children.sorted(by: { $0.key < $1.key }) {
                let below = path.isEmpty ? name.bytes : path + [UInt8(ascii: "/")] + name.bytes
                if collect(child, path: below, owners, into: &result) { isWanted = true }
            }
            let isUnmentionedRoot = index == 0 && node.entry == nil
            if !isWanted || isUnmentionedRoot { result.remove(at: position) }
        } else if isWanted, var entry = node.entry {
            entry.path = ByteString(path)
            result.append(entry)
        }
        return isWanted
    }

    private func directoryEntry(_ node: Node, path: [UInt8]) -> TreeEntry {
        var entry =
            node.entry
            ?? TreeEntry(
                path: "",
                node: .directory,
                attributes: TreeEntry.Attributes(
                    mode: 0o755,
                    owner: style.owner,
                    modificationTime: style.modificationTime
                )
            )
        entry.path = ByteString(path)
        return entry
    }
}
