// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import Glibc

/// Compares the tree after a run with the lower directories before it.
///
/// What counts is the difference, not how it came about: a file that was rewritten with the same bytes, or copied up by
/// overlayfs and left as it was, is no change. So overlayfs and a copied root, and every mode, give the same changes.
struct ChangeDetection {
    /// Where the told entries are on disk, and whether they are the whole tree or an overlay's upper directory.
    let directory: String
    let isWhole: Bool
    private let base: BaseTree
    private let children: [ByteString: [ChangedEntry]]
    private let linkGroups: [FileStatus.Identity: [ChangedEntry]]
    private var changes: [SandboxChange] = []
    private var changed: Set<FileStatus.Identity> = []

    init(entries: [ChangedEntry], directory: String, isWhole: Bool, root: SandboxRoot) {
        self.directory = directory
        self.isWhole = isWhole
        base = BaseTree(root: root)
        children = Dictionary(grouping: entries.filter { !$0.path.isEmpty }) { $0.path.parent }
        linkGroups = Dictionary(grouping: entries.filter { $0.linkCount > 1 && $0.isFile }, by: \.identity)
        self.root = entries.first { $0.path.isEmpty }
    }

    private let root: ChangedEntry?

    /// The changes, sorted by path.
    ///
    /// - Throws: `SystemError` if a file that is to be compared cannot be read.
    mutating func run() throws -> [SandboxChange] {
        if let root { try compareRoot(root) }
        try visit("", BaseDirectory(base), isComplete: isWhole)
        try addOtherNames()
        return changes.sorted { $0.path.precedesInTree($1.path) }
    }

    private mutating func compareRoot(_ entry: ChangedEntry) throws {
        guard let before = base.facts(of: "", in: base.directories) else { return }
        if before.mode != entry.permissions || before.uid != entry.uid || before.gid != entry.gid {
            changes.append(entry.change(at: "", node: .directory(isOpaque: false)))
        }
    }

    private mutating func visit(_ path: ByteString, _ before: BaseDirectory, isComplete: Bool) throws {
        let present = children[path] ?? []
        let names = try before.names(at: path)
        let whiteouts = Set(present.filter(\.isWhiteout).map(\.path))
        let kept = Set(present.filter { !$0.isWhiteout }.map(\.path))
        let gone = names.map { path.appending($0) }.filter { isComplete ? !kept.contains($0) : whiteouts.contains($0) }
        // A directory of which nothing remains is told as such by `visitDirectory`.
        if gone.count < names.count || path.isEmpty {
            changes += gone.map { SandboxChange(path: $0, node: .nothing) }
        }
        for entry in present where !entry.isWhiteout { try visit(entry, before) }
    }

    private mutating func visit(_ entry: ChangedEntry, _ before: BaseDirectory) throws {
        let facts = base.facts(of: entry.path, in: before.directories)
        if entry.isDirectory {
            try visitDirectory(entry, facts, before)
        } else if let facts, try isSame(entry, facts) {
            return
        } else {
            changes.append(entry.change(at: entry.path, node: entry.node))
            changed.insert(entry.identity)
        }
    }

    private mutating func visitDirectory(_ entry: ChangedEntry, _ facts: BaseFacts?, _ before: BaseDirectory) throws {
        let below = facts?.kind == .directory ? before.below(entry.path) : BaseDirectory()
        let isComplete = isWhole || entry.isOpaque
        let isOpaque = try isEmptied(entry.path, below, isComplete: isComplete)
        let isNew = facts.map { !entry.hasEqualAttributes($0) } ?? true
        if isNew || isOpaque { changes.append(entry.change(at: entry.path, node: .directory(isOpaque: isOpaque))) }
        try visit(entry.path, below, isComplete: isComplete)
    }

    /// Whether there was something in a directory, of which no name is left.
    private func isEmptied(_ path: ByteString, _ before: BaseDirectory, isComplete: Bool) throws -> Bool {
        let names = try before.names(at: path)
        let present = children[path] ?? []
        let kept = Set(present.filter { !$0.isWhiteout }.map(\.path))
        let whiteouts = Set(present.filter(\.isWhiteout).map(\.path))
        return !names.isEmpty
            && names.allSatisfy { name in
                let below = path.appending(name)
                return !kept.contains(below) && (isComplete || whiteouts.contains(below))
            }
    }

    private func isSame(_ entry: ChangedEntry, _ facts: BaseFacts) throws -> Bool {
        guard facts.kind == entry.kind, entry.hasEqualAttributes(facts) else { return false }
        switch facts.kind {
        case .regular: return try FileComparison.areEqual("\(directory)/", entry.path, facts.directory, entry.path)
        case .symlink: return try HostDirectory(facts.directory).target(at: entry.path) == entry.target
        default: return true
        }
    }

    /// A changed file is told with all its names, also those under which it is what was there before.
    private mutating func addOtherNames() throws {
        let told = Set(changes.map(\.path))
        for identity in changed {
            for entry in linkGroups[identity] ?? [] where !told.contains(entry.path) {
                changes.append(entry.change(at: entry.path, node: entry.node))
            }
        }
    }
}

extension ChangedEntry {
    /// The entry with what emulation has made of it.
    func applying(_ emulated: SandboxReport.Emulated) -> ChangedEntry {
        // overlayfs's own marks are what they are.
        if isWhiteout { return self }
        let record = emulated.table.record(of: seen)
        var entry = self
        if emulated.kind == .owners {
            (entry.uid, entry.gid) = (record.uid, record.gid)
            entry.attributes += record.attributes.sorted { $0.key < $1.key }.map { ($0.key, $0.value.bytes) }
        }
        guard let device = record.device, isFile else { return entry }
        entry.mode = mode & 0o7777 | (device.isBlock ? 0o060000 : 0o020000)
        entry.device = (device.major, device.minor)
        return entry
    }

    var isDirectory: Bool { type == 0o040000 }
    var isFile: Bool { type == 0o100000 }
    var permissions: UInt16 { UInt16(truncatingIfNeeded: mode & 0o7777) }

    /// How overlayfs writes down that a name is gone.
    var isWhiteout: Bool {
        if type == 0o020000, device.major == 0, device.minor == 0 { return true }
        return isFile && (attribute("user.overlay.whiteout") ?? attribute("trusted.overlay.whiteout")) != nil
    }

    /// How overlayfs writes down that nothing shows through a directory.
    var isOpaque: Bool {
        let value = attribute("user.overlay.opaque") ?? attribute("trusted.overlay.opaque")
        return value == [UInt8(ascii: "y")]
    }

    var kind: FileStatus.Kind {
        switch type {
        case 0o100000: .regular
        case 0o040000: .directory
        case 0o120000: .symlink
        case 0o010000: .fifo
        case 0o020000: .characterDevice(major: device.major, minor: device.minor)
        case 0o060000: .blockDevice(major: device.major, minor: device.minor)
        default: .other
        }
    }

    var node: SandboxChange.Node {
        switch kind {
        case .directory: .directory(isOpaque: false)
        case .symlink: .symlink(target)
        case .fifo: .fifo
        case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
        case .regular, .other: .file
        }
    }

    /// Attributes that belong to the file and not to overlayfs or this host's security module.
    private var ownAttributes: [SandboxChange.Attribute] {
        attributes.filter { attribute in
            let name = attribute.name.bytes
            return (name.starts(with: "user.".utf8) && !name.starts(with: "user.overlay.".utf8))
                || attribute.name == "security.capability"
        }.map { .init(name: $0.name, value: $0.value) }.sorted { $0.name < $1.name }
    }

    func hasEqualAttributes(_ facts: BaseFacts) -> Bool {
        guard facts.uid == uid, facts.gid == gid else { return false }
        // The mode of a link means nothing.
        return (facts.kind == .symlink || facts.mode == permissions) && facts.attributes == ownAttributes
    }

    func change(at path: ByteString, node: SandboxChange.Node) -> SandboxChange {
        SandboxChange(
            path: path,
            node: node,
            mode: type == 0o120000 ? 0o777 : permissions,
            uid: uid,
            gid: gid,
            attributes: ownAttributes,
            linkIdentity: isFile && linkCount > 1 ? identity : nil
        )
    }
}

extension ByteString {
    /// The path of the directory that the entry is in.
    var parent: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return ByteString(bytes[..<slash])
    }

    func appending(_ name: ByteString) -> ByteString {
        isEmpty ? name : ByteString(bytes + [UInt8(ascii: "/")] + name.bytes)
    }
}
