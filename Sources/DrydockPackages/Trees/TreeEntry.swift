// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
public import DrydockFiles
public import DrydockTar

/// One entry of a root file system that is being put together: what it is, who owns it, and where its bytes are.
public struct TreeEntry: Hashable, Sendable {
    /// What kind of entry it is.
    public enum Node: Hashable, Sendable {
        /// A directory.
        case directory
        /// A regular file with its content.
        case file(FileContent)
        /// A symbolic link and its target, as written.
        case symlink(ByteString)
        /// A named pipe.
        case fifo
        /// A character device with its numbers.
        case characterDevice(major: UInt32, minor: UInt32)
        /// A block device with its numbers.
        case blockDevice(major: UInt32, minor: UInt32)
    }

    /// Where the entry is in the root file system: no leading or trailing slash, no `.` or `..`; empty for the root.
    public var path: ByteString
    /// What it is.
    public var node: Node
    /// Mode, owner, time and extended attributes.
    public var attributes: Attributes
    /// Files with equal values are hard links of one file; nil for a file with one name.
    public var linkIdentity: FileStatus.Identity?

    /// An entry that is no hard link unless told so.
    public init(path: ByteString, node: Node, attributes: Attributes, linkIdentity: FileStatus.Identity? = nil) {
        self.path = path
        self.node = node
        self.attributes = attributes
        self.linkIdentity = linkIdentity
    }

    /// Whether it is a directory.
    public var isDirectory: Bool { node == .directory }
}

extension TreeEntry {
    /// Mode, owner, time and extended attributes of an entry.
    public struct Attributes: Hashable, Sendable {
        /// The permission bits with setuid, setgid and sticky: 0 to 0o7777.
        public var mode: UInt16
        /// Who owns it.
        public var owner: Ownership
        /// Seconds since 1970.
        public var modificationTime: Int64
        /// In the order of their names.
        public var extendedAttributes: [ExtendedAttribute]

        /// Attributes of an entry.
        public init(
            mode: UInt16,
            owner: Ownership,
            modificationTime: Int64,
            extendedAttributes: [ExtendedAttribute] = []
        ) {
            self.mode = mode
            self.owner = owner
            self.modificationTime = modificationTime
            self.extendedAttributes = extendedAttributes
        }
    }

    /// The numbers and names of an owner and a group.
    public struct Ownership: Hashable, Sendable {
        /// The owner's number.
        public var uid: UInt32
        /// The group's number.
        public var gid: UInt32
        /// The owner's name; may be empty.
        public var userName: String
        /// The group's name; may be empty.
        public var groupName: String

        /// root and its group, by number and name.
        public static let root = Ownership(uid: 0, gid: 0, userName: "root", groupName: "root")

        /// An owner and a group.
        public init(uid: UInt32, gid: UInt32, userName: String = "", groupName: String = "") {
            self.uid = uid
            self.gid = gid
            self.userName = userName
            self.groupName = groupName
        }
    }
}

/// The bytes of a regular file: how many, and where to get them again at any time.
public enum FileContent: Hashable, Sendable {
    /// Bytes that the spec itself holds.
    case bytes([UInt8])
    /// A file of this host.
    case host(TreeFile)
    /// A member of an archive.
    case archive(ArchivedFile)

    /// The number of bytes.
    public var size: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .host(let file): file.status.size
        case .archive(let file): file.size
        }
    }
}

/// A file of this host as it was when it was found.
public struct TreeFile: Hashable, Sendable {
    /// The directory that the path is relative to.
    public let root: TreeRoot
    /// The path below the root, without a leading slash.
    public let path: ByteString
    /// What the file system said of it; a later difference means that the file has changed.
    public let status: FileStatus

    /// A file that was found at `path` below `root`.
    public init(root: TreeRoot, path: ByteString, status: FileStatus) {
        self.root = root
        self.path = path
        self.status = status
    }

    /// The path in the user's words.
    public var displayPath: String { root.path == "/" ? "/\(path)" : "\(root.path)/\(path)" }

    /// Two files are equal when they are the same file of the same host, whatever their names.
    public static func == (left: TreeFile, right: TreeFile) -> Bool {
        left.status.identity == right.status.identity && left.status == right.status
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(status.identity) }
}

/// A directory of this host that a tree was read from; shared by all its files, so that each needs only one reference.
public final class TreeRoot: Sendable, Hashable {
    /// The path in the user's words.
    public let path: String
    private let keptAlive: (any Sendable)?

    /// A directory by its path.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - keptAlive: What keeps the directory there, such as the owner of a temporary one.
    public init(_ path: String, keeping keptAlive: (any Sendable)? = nil) {
        self.path = path
        self.keptAlive = keptAlive
    }

    /// Roots are equal when their paths are.
    public static func == (left: TreeRoot, right: TreeRoot) -> Bool { left.path == right.path }

    /// Hashes the path.
    public func hash(into hasher: inout Hasher) { hasher.combine(path) }
}
