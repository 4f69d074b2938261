// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// A named attribute of a file, as setxattr(2) knows it.
public struct ExtendedAttribute: Hashable, Sendable {
    /// The whole name with its namespace, for example `security.capability`.
    public var name: ByteString
    /// The value; any bytes, also none.
    public var value: [UInt8]

    /// An attribute with that name and value.
    public init(name: ByteString, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// A member of a tar archive without its content.
///
/// Names are bytes: what is UTF-8 and what is not is the business of the archive's form, not of its user.
public struct TarEntry: Hashable, Sendable {
    /// What kind of file a member is.
    public enum Kind: Hashable, Sendable {
        /// A regular file; `size` is that of its content in bytes, holes included.
        case regular(size: Int64)
        /// A directory.
        case directory
        /// A symbolic link.
        case symlink(target: ByteString)
        /// Another name of the member called `target`, which comes earlier in the archive.
        case hardLink(target: ByteString)
        /// A character device.
        case characterDevice(major: UInt32, minor: UInt32)
        /// A block device.
        case blockDevice(major: UInt32, minor: UInt32)
        /// A named pipe.
        case fifo
    }

    /// The path in the archive, without a slash at the end (the writer adds a directory's).
    public var name: ByteString
    /// What kind of file it is.
    public var kind: Kind
    /// The permission bits with setuid, setgid and sticky: 0 to 0o7777.
    public var mode: UInt16
    /// The owner's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32
    /// The owner's name; empty if the number is all that counts.
    public var userName: String
    /// The group's name; empty if the number is all that counts.
    public var groupName: String
    /// When the content changed last, in seconds since 1970; negative before.
    public var modificationTime: Int64
    /// The extended attributes, in any order.
    public var extendedAttributes: [ExtendedAttribute]

    /// A member that belongs to root, of 1970, without attributes; change what differs.
    public init(name: ByteString, kind: Kind, mode: UInt16) {
        self.name = name
        self.kind = kind
        self.mode = mode
        uid = 0
        gid = 0
        userName = ""
        groupName = ""
        modificationTime = 0
        extendedAttributes = []
    }
}

extension TarEntry {
    /// Where a link leads; nil for everything that is not a link.
    public var linkTarget: ByteString? {
        switch kind {
        case .symlink(let target), .hardLink(let target): target
        default: nil
        }
    }
}
