// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// What the file system knows of a file, other than its name and content.
public struct FileStatus: Hashable, Sendable {
    /// What kind of file it is.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case regular
        /// A directory.
        case directory
        /// A symbolic link.
        case symlink
        /// A named pipe.
        case fifo
        /// A character device with its numbers.
        case characterDevice(major: UInt32, minor: UInt32)
        /// A block device with its numbers.
        case blockDevice(major: UInt32, minor: UInt32)
        /// A socket, or something this program does not know.
        case other
    }

    /// The file's identity on this machine: two names with equal identities are hard links of one file.
    public struct Identity: Hashable, Sendable {
        /// The device number of the file system.
        public let device: UInt64
        /// The inode's number there.
        public let inode: UInt64

        /// A file on a file system.
        public init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// What kind of file it is.
    public let kind: Kind
    /// The file's identity on this machine.
    public let identity: Identity
    /// The permission bits with setuid, setgid and sticky: 0 to 0o7777.
    public let mode: UInt16
    /// The owner's number.
    public let uid: UInt32
    /// The group's number.
    public let gid: UInt32
    /// The number of names that the file has.
    public let linkCount: UInt32
    /// The size in bytes.
    public let size: Int64
    /// When the content changed last, in nanoseconds since 1970.
    public let modified: Int64

    init(_ raw: drydock_stat) {
        kind = Self.kind(raw)
        identity = Identity(device: raw.device, inode: raw.inode)
        mode = UInt16(truncatingIfNeeded: raw.mode & 0o7777)
        uid = raw.uid
        gid = raw.gid
        linkCount = raw.link_count
        size = raw.size
        // Wraps for times after 2262: the value serves only to notice a change.
        modified = raw.mtime_seconds &* 1_000_000_000 &+ raw.mtime_nanoseconds
    }

    /// The status of `path`, relative to `directory`.
    ///
    /// - Throws: ``SystemError`` with the operation `read`.
    public init(
        of path: String,
        in directory: Int32? = nil,
        followingLinks: Bool = true
    ) throws(SystemError) {
        var raw = drydock_stat()
        _ = try checked(unsafe drydock_statat(directory ?? AT_FDCWD, path, followingLinks ? 1 : 0, &raw), "read", path)
        self.init(raw)
    }

    private static func kind(_ raw: drydock_stat) -> Kind {
        // The type bits of `st_mode`, inode(7).
        switch raw.mode & 0o170000 {
        case 0o100000: .regular
        case 0o040000: .directory
        case 0o120000: .symlink
        case 0o010000: .fifo
        case 0o020000: .characterDevice(major: raw.device_major, minor: raw.device_minor)
        case 0o060000: .blockDevice(major: raw.device_major, minor: raw.device_minor)
        default: .other
        }
    }
}
