// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
public import DrydockFiles
import DrydockTar
import Glibc

/// Writes a tree of entries into a directory of this host, and nothing outside of it, whatever the entries are.
///
/// Every name is made in its open directory and must be new there; no link is followed, neither one of the tree nor one
/// that someone else puts there meanwhile.
public struct TreeUnpacking: Hashable, Sendable {
    /// Whether owners, setuid and setgid are as in the tree; otherwise everything belongs to whoever runs the program.
    public var keepsOwners: Bool
    /// Whether devices are made; otherwise they are left out.
    public var makesDevices: Bool

    /// What was left out of a directory.
    public struct Omissions: Hashable, Sendable {
        /// The paths of devices.
        public var devices: [ByteString] = []
        /// The extended attributes that could not be set or concern only the machine that they come from, each with the
        /// path of a file in the tree.
        public var attributes: [String] = []

        /// Nothing was left out.
        public init() {}

        /// What a person should know, a sentence each.
        public var warnings: [String] {
            var sentences: [String] = []
            if let first = devices.first {
                sentences.append("left out '/\(first)'\(Self.more(devices.count)): only root can make devices")
            }
            if let first = attributes.first {
                sentences.append("left out the attribute \(first)\(Self.more(attributes.count))")
            }
            return sentences
        }

        private static func more(_ count: Int) -> String { count > 1 ? " and \(count - 1) more" : "" }
    }

    /// Everything as in the tree, for root; what others can make, for others.
    public static var usual: TreeUnpacking {
        TreeUnpacking(
            keepsOwners: HostCapability.changeOwners.isRoots,
            makesDevices: HostCapability.makeDevices.isRoots
        )
    }

    /// What is kept of a tree.
    public init(keepsOwners: Bool, makesDevices: Bool) {
        self.keepsOwners = keepsOwners
        self.makesDevices = makesDevices
    }

    /// Writes all entries.
    ///
    /// - Parameters:
    ///   - entries: Parents before what they contain, and siblings together, as ``LayeredTree/entries()`` has them.
    ///   - directory: The root of the tree; it has none of the entries yet.
    /// - Returns: What was left out.
    /// - Throws: `SystemError`; ``TreeError`` for entries that are no tree, or whose content has changed meanwhile.
    public func unpack(_ entries: [TreeEntry], into directory: borrowing HostDirectory) throws -> Omissions {
        let root = try directory.reopened()
        var work = UnpackingWork(options: self, root: root)
        for entry in entries { try work.write(entry) }
        try work.finish()
        return work.omissions
    }
}

/// The state of one tree that is written.
private struct UnpackingWork: ~Copyable {
    /// A directory that is open, and what it becomes when all that it contains is there.
    private final class Level {
        let name: ByteString
        let directory: HostDirectory
        let attributes: TreeEntry.Attributes?

        init(_ name: ByteString, _ directory: consuming HostDirectory, _ attributes: TreeEntry.Attributes?) {
            self.name = name
            self.directory = directory
            self.attributes = attributes
        }
    }

    /// Names are links of one file only as long as they also agree in everything else.
    private struct SharedFile: Hashable {
        let identity: FileStatus.Identity
        let node: TreeEntry.Node
    }

    private let options: TreeUnpacking
    private var levels: [Level]
    private var firstNames: [SharedFile: [ByteString]] = [:]
    private let reader = ContentReader()
    private let buffer = AlignedBuffer(capacity: 256 << 10)
    var omissions = TreeUnpacking.Omissions()

    init(options: TreeUnpacking, root: consuming HostDirectory) {
        self.options = options
        levels = [Level("", root, nil)]
    }

    mutating func write(_ entry: TreeEntry) throws {
        try Task.checkCancellation()
        let components = entry.path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { ByteString($0) }
        guard !entry.path.isEmpty, let name = components.last else { return try writeRoot(entry) }
        try enter(components.dropLast(), of: entry)
        guard !name.isEmpty, name != ".", name != "..", !name.bytes.contains(0) else {
            throw failure(entry, "its name cannot be one")
        }
        if entry.isDirectory { return try makeDirectory(name, entry) }
        if try linkToFirst(name, components, entry) { return }
        try make(name, entry)
    }

    /// Closes all directories that are still open.
    mutating func finish() throws { while levels.count > 0 { try leave() } }

    private func failure(_ entry: TreeEntry, _ reason: String) -> TreeError {
        TreeError(.notUnpackable(reason), "/\(entry.path)")
    }

    // MARK: Directories

    /// The root itself: its attributes are set at the end.
    private mutating func writeRoot(_ entry: TreeEntry) throws {
        guard levels.count == 1, entry.isDirectory else { throw failure(entry, "it is no directory") }
        let root = try levels[0].directory.reopened()
        levels[0] = Level("", root, entry.attributes)
    }

    private mutating func enter(_ components: ArraySlice<ByteString>, of entry: TreeEntry) throws {
        let shared = zip(levels.dropFirst(), components).prefix { $0.name == $1 }.count
        while levels.count > shared + 1 { try leave() }
        guard shared == components.count else { throw failure(entry, "its directory does not come before it") }
    }

    private mutating func makeDirectory(_ name: ByteString, _ entry: TreeEntry) throws {
        let made = try levels[levels.count - 1].directory.makeDirectory(name, mode: 0o700)
        levels.append(Level(name, made, entry.attributes))
    }

    private mutating func leave() throws {
        guard let level = levels.popLast(), let attributes = level.attributes else { return }
        let directory = OpenEntry(number: level.directory.number, path: level.directory.path)
        let place = levels.isEmpty ? "" : ByteString(levels.dropFirst().map(\.name) + [level.name])
        try finish(directory, attributes, at: place)
    }

    // MARK: Everything else

    private mutating func make(_ name: ByteString, _ entry: TreeEntry) throws {
        let parent = levels[levels.count - 1]
        switch entry.node {
        case .directory: return
        case .file(let content): return try makeFile(name, content, entry, in: parent)
        case .symlink(let target): try parent.directory.makeLink(name, target: target)
        case .fifo: try parent.directory.makeFIFO(name)
        case .characterDevice(let major, let minor):
            guard options.makesDevices else { return omissions.devices.append(entry.path) }
            try parent.directory.makeCharacterDevice(name, major: major, minor: minor)
        case .blockDevice(let major, let minor):
            guard options.makesDevices else { return omissions.devices.append(entry.path) }
            try parent.directory.makeBlockDevice(name, major: major, minor: minor)
        }
        try finish(name, entry, in: parent)
    }

    private mutating func makeFile(
        _ name: ByteString,
        _ content: FileContent,
        _ entry: TreeEntry,
        in parent: Level
    ) throws {
        let path = parent.directory.path(of: name)
        let file = try parent.directory.makeFile(name, mode: 0o600)
        let output = OutputDescriptor(number: file.number, path: path)
        try reader.open(content)
        while reader.remaining > 0 {
            buffer.count = try unsafe reader.read(into: buffer.storage)
            try unsafe output.append(buffer.bytes)
        }
        try reader.finish()
        try finish(OpenEntry(number: file.number, path: path), entry.attributes, at: entry.path)
        try file.close(path: path)
    }

    /// Makes the entry a hard link if the file has another name already.
    private mutating func linkToFirst(_ name: ByteString, _ path: [ByteString], _ entry: TreeEntry) throws -> Bool {
        guard let identity = entry.linkIdentity else { return false }
        let file = SharedFile(identity: identity, node: entry.node)
        guard let first = firstNames[file], let firstName = first.last else {
            firstNames[file] = path
            return false
        }
        guard !omissions.devices.contains(ByteString(first)) else { return false }
        let parent = levels[levels.count - 1]
        let folder = ByteString(first.dropLast())
        let root = levels[0]
        if folder.isEmpty {
            try parent.directory.makeHardLink(name, to: firstName, of: root.directory)
        } else {
            let directory = try HostDirectory(beneath: root.directory, path: folder)
            try parent.directory.makeHardLink(name, to: firstName, of: directory)
        }
        return true
    }

    // MARK: Attributes

    private mutating func finish(_ entry: OpenEntry, _ attributes: TreeEntry.Attributes, at path: ByteString) throws {
        if options.keepsOwners {
            try entry.setOwner(uid: attributes.owner.uid, gid: attributes.owner.gid)
        }
        // After the owner: changing that one takes setuid and capabilities away.
        try entry.setMode(options.mode(of: attributes))
        for attribute in attributes.extendedAttributes {
            guard ExtendedAttribute.isPortable(attribute.name) else {
                omissions.attributes.append("\(attribute.name) of '/\(path)'")
                continue
            }
            do { try entry.setExtendedAttribute(attribute.name, attribute.value) } catch {
                guard [EPERM, EOPNOTSUPP].contains(error.errorNumber) else { throw error }
                omissions.attributes.append("\(attribute.name) of '/\(path)'")
            }
        }
        try entry.setTime(seconds: attributes.modificationTime)
    }

    /// A link, pipe or device.
    private mutating func finish(_ name: ByteString, _ entry: TreeEntry, in parent: Level) throws {
        let attributes = entry.attributes
        if options.keepsOwners {
            try parent.directory.setOwner(of: name, uid: attributes.owner.uid, gid: attributes.owner.gid)
        }
        if case .symlink = entry.node {
        } else {
            try parent.directory.setMode(of: name, options.mode(of: attributes))
        }
        for attribute in attributes.extendedAttributes {
            omissions.attributes.append("\(attribute.name) of '/\(entry.path)'")
        }
        try parent.directory.setTime(of: name, seconds: attributes.modificationTime)
    }
}

extension TreeUnpacking {
    /// What is set of a mode: a program must not get rights of whoever unpacks it.
    fileprivate func mode(of attributes: TreeEntry.Attributes) -> UInt32 {
        UInt32(keepsOwners ? attributes.mode : attributes.mode & 0o1777)
    }
}

extension ByteString {
    /// A path of components.
    fileprivate init(_ components: some Sequence<ByteString>) {
        self.init(Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
    }
}
