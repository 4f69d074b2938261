// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
public import DrydockFiles

/// One difference between the root file system before and after a run.
public struct SandboxChange: Hashable, Sendable {
    /// What is there now.
    public enum Node: Hashable, Sendable {
        /// A directory; opaque when nothing remains of a directory that was there before.
        case directory(isOpaque: Bool)
        /// A regular file; its bytes are in ``SandboxChanges/directory`` under the same path.
        case file
        /// A symbolic link and its target.
        case symlink(ByteString)
        /// A named pipe.
        case fifo
        /// A character device.
        case characterDevice(major: UInt32, minor: UInt32)
        /// A block device.
        case blockDevice(major: UInt32, minor: UInt32)
        /// Nothing: what was there before is gone.
        case nothing
    }

    /// An extended attribute.
    public struct Attribute: Hashable, Sendable {
        /// Its name, such as `user.mime_type`.
        public var name: ByteString
        /// Its value.
        public var value: [UInt8]

        /// A name and a value.
        public init(name: ByteString, value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// Where it is: no leading or trailing slash; empty for the root.
    public var path: ByteString
    /// What is there now.
    public var node: Node
    /// The permission bits with setuid, setgid and sticky.
    public var mode: UInt16 = 0
    /// The owner's number.
    public var uid: UInt32 = 0
    /// The group's number.
    public var gid: UInt32 = 0
    /// Extended attributes, sorted by name.
    public var attributes: [Attribute] = []
    /// Files with equal values are hard links of one file; nil for a file with one name.
    public var linkIdentity: FileStatus.Identity?
}

/// All differences that a run has made, and the place of the bytes of changed files.
public struct SandboxChanges: Sendable {
    /// Sorted by path, a directory before what is in it.
    public let changes: [SandboxChange]
    /// Where the bytes of changed files are, under the files' paths.
    public let directory: String
    /// Keeps the directory as long as somebody may read from it.
    public let workspace: SandboxWorkspace
}
