// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockFiles
import DrydockTar

/// Who owns the entries of a tree in the image, and which time they bear; both replace what this host says.
public struct EntryStyle: Hashable, Sendable {
    /// The owner of every entry.
    public var owner: TreeEntry.Ownership
    /// The time of every entry, in seconds since 1970.
    public var modificationTime: Int64

    /// An owner and a time.
    public init(owner: TreeEntry.Ownership, modificationTime: Int64) {
        self.owner = owner
        self.modificationTime = modificationTime
    }
}

/// A directory of this host as entries of an image: one walk, no content read.
///
/// Modes, links, hard links, devices and the extended attributes `security.capability` and `user.*` are kept; owners
/// and times come from the style. Other attributes (SELinux labels, ACLs) say something of this host, not of the image.
/// The directory's own mode is not taken: it says who may enter it here.
public struct DirectoryTree: Sendable {
    /// The number of directories inside each other that a tree may have.
    public static let maximumDepth = 512

    /// The directory on this host.
    public let root: String
    /// The path in the image below which its entries stand; empty for the root.
    public let prefix: ByteString
    /// Owner and time of the entries.
    public let style: EntryStyle
    /// Whether a link to a directory becomes a directory with that one's content, as `rsync --copy-dirlinks` does, if it leads
    /// into the tree, or into one of ``linkedPlaces``.
    public let copiesDirectoryLinks: Bool
    /// Directories of this host to which such links may lead out of the tree.
    ///
    /// What else is on this host is no content of an image because a link happens to name it: such a link stays one.
    public let linkedPlaces: [String]
    /// What is left out of it.
    public let exclusions: Exclusions

    /// A directory that will be walked by ``entries()``.
    public init(
        root: String,
        prefix: ByteString = "",
        style: EntryStyle,
        copiesDirectoryLinks: Bool = false,
        linkedPlaces: [String] = [],
        exclusions: Exclusions = Exclusions([])
    ) {
        self.root = root
        self.prefix = prefix
        self.style = style
        self.copiesDirectoryLinks = copiesDirectoryLinks
        self.linkedPlaces = linkedPlaces
        self.exclusions = exclusions
    }

    /// Walks the directory; parents come before what they contain.
    ///
    /// What is left out is not entered, and may be anything.
    ///
    /// - Throws: ``SystemError``, or ``TreeError`` for what an image cannot hold.
    public func entries() throws -> [TreeEntry] { try walked().entries }

    /// Walks the directory as ``entries()`` does.
    ///
    /// - Returns: The entries, and what a person should know of them.
    /// - Throws: As ``entries()``.
    public func walked() throws -> Walked {
        var walk = Walk(tree: self, treeRoot: TreeRoot(root))
        let directory = try HostDirectory(root)
        if copiesDirectoryLinks {
            walk.places = [try directory.realPath()] + linkedPlaces.map { ByteString($0) }
        }
        let place = Walk.Place(imagePath: prefix.bytes, hostPath: [], progress: exclusions.start)
        try walk.enter(directory, at: place)
        return Walked(
            entries: walk.entries,
            idleExclusions: exclusions.texts { !walk.matched.contains($0) },
            leavingLinks: walk.leavingLinks
        )
    }

    /// What a walk has found.
    public struct Walked: Sendable {
        /// The entries, parents before what they contain.
        public let entries: [TreeEntry]
        /// The exclusions that match nothing.
        public let idleExclusions: [String]
        /// The paths in the image of links to directories that were to be copied, and lead out of the tree.
        public let leavingLinks: [ByteString]
    }
}

/// The state of one walk.
private struct Walk {
    let tree: DirectoryTree
    let treeRoot: TreeRoot
    var entries: [TreeEntry] = []
    /// The directories that the walk is inside of, to notice links that lead back.
    var ancestors: [FileStatus.Identity] = []
    /// The numbers of the exclusions that have matched something.
    var matched: Set<Int> = []
    /// The directories, as real paths, in which a link that is copied must end.
    var places: [ByteString] = []
    /// The links that end elsewhere.
    var leavingLinks: [ByteString] = []

    /// Where the walk is.
    struct Place {
        var imagePath: [UInt8]
        var hostPath: [UInt8]
        /// How far the exclusions have matched.
        var progress: Exclusions.Progress
    }

    mutating func enter(_ directory: borrowing HostDirectory, at place: Place) throws {
        try Task.checkCancellation()
        guard ancestors.count < DirectoryTree.maximumDepth else { throw TreeError(.tooDeep, directory.path) }
        let identity = try directory.status().identity
        guard !ancestors.contains(identity) else { throw TreeError(.linkLoop, directory.path) }
        ancestors.append(identity)
        for name in try directory.names() {
            var below = place
            below.imagePath = Self.join(place.imagePath, name)
            // Nearly always both paths are the same: share the memory.
            below.hostPath = tree.prefix.isEmpty ? below.imagePath : Self.join(place.hostPath, name)
            try visit(name, in: directory, at: &below)
        }
        ancestors.removeLast()
    }

    private mutating func visit(_ name: ByteString, in directory: borrowing HostDirectory, at place: inout Place) throws
    {
        let status = try status(of: name, in: directory, at: place)
        guard !isLeftOut(name, status, at: &place) else { return }
        guard !name.bytes.starts(with: ".wh.".utf8) else { throw TreeError(.whiteoutName, directory.path(of: name)) }
        let file = TreeFile(root: treeRoot, path: ByteString(place.hostPath), status: status)
        let node = try node(of: name, in: directory, file: file)
        let isShared = status.linkCount > 1 && node != .directory
        entries.append(
            TreeEntry(
                path: ByteString(place.imagePath),
                node: node,
                attributes: try attributes(of: name, in: directory, status: status),
                linkIdentity: isShared ? status.identity : nil
            )
        )
        guard node == .directory else { return }
        let below = try HostDirectory(name, in: directory, followingLinks: tree.copiesDirectoryLinks)
        try enter(below, at: place)
    }

    private mutating func isLeftOut(_ name: ByteString, _ status: FileStatus, at place: inout Place) -> Bool {
        guard !tree.exclusions.isEmpty else { return false }
        let isDirectory = status.kind == .directory
        let (below, matching) = tree.exclusions.step(place.progress, to: name, isDirectory: isDirectory)
        place.progress = below
        matched.formUnion(matching)
        return !matching.isEmpty
    }

    /// The status of the entry, or of the directory that a link leads to where such links are copied.
    private mutating func status(
        of name: ByteString,
        in directory: borrowing HostDirectory,
        at place: Place
    ) throws -> FileStatus {
        let status = try directory.status(of: name, followingLinks: false)
        guard tree.copiesDirectoryLinks, status.kind == .symlink else { return status }
        // A link that leads nowhere stays a link.
        guard let target = try? directory.status(of: name, followingLinks: true) else { return status }
        guard target.kind == .directory else { return status }
        let end = try HostDirectory(entering: name, in: directory).realPath()
        if places.contains(where: { Self.isInside(end, $0) }) { return target }
        leavingLinks.append(ByteString(place.imagePath))
        return status
    }

    private static func isInside(_ path: ByteString, _ place: ByteString) -> Bool {
        let slash = UInt8(ascii: "/")
        guard path.bytes.starts(with: place.bytes) else { return false }
        return path.count == place.count || place.bytes.last == slash || path.bytes[place.count] == slash
    }

    private func node(
        of name: ByteString,
        in directory: borrowing HostDirectory,
        file: TreeFile
    ) throws -> TreeEntry.Node {
        switch file.status.kind {
        case .regular: .file(.host(file))
        case .directory: .directory
        case .symlink: .symlink(try directory.linkTarget(of: name))
        case .fifo: .fifo
        case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
        case .other: throw TreeError(.socket, directory.path(of: name))
        }
    }

    private func attributes(
        of name: ByteString,
        in directory: borrowing HostDirectory,
        status: FileStatus
    ) throws -> TreeEntry.Attributes {
        // Behind a link that is copied, the attributes are those of the directory that it leads to, as the mode is.
        let mayBeCopied = tree.copiesDirectoryLinks && status.kind == .directory
        let subject = mayBeCopied ? ByteString(name.bytes + Array("/.".utf8)) : name
        return TreeEntry.Attributes(
            // Linux gives every link 0777; other systems do not.
            mode: status.kind == .symlink ? 0o777 : status.mode,
            owner: tree.style.owner,
            modificationTime: tree.style.modificationTime,
            extendedAttributes: try ExtendedAttribute.portable(of: subject, in: directory)
        )
    }

    private static func join(_ path: [UInt8], _ name: ByteString) -> [UInt8] {
        guard !path.isEmpty else { return name.bytes }
        var joined: [UInt8] = []
        joined.reserveCapacity(path.count + 1 + name.count)
        joined += path
        joined.append(UInt8(ascii: "/"))
        joined += name.bytes
        return joined
    }
}

extension ExtendedAttribute {
    /// The attributes of an entry that mean the same on every machine.
    static func portable(of name: ByteString, in directory: borrowing HostDirectory) throws -> [ExtendedAttribute] {
        try directory.extendedAttributeNames(of: name).filter(isPortable).map { attribute in
            ExtendedAttribute(name: attribute, value: try directory.extendedAttribute(attribute, of: name))
        }
    }

    /// Whether an attribute means the same on every machine.
    static func isPortable(_ name: ByteString) -> Bool {
        name == "security.capability" || name.bytes.starts(with: "user.".utf8)
    }
}
