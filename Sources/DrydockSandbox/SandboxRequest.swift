// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// The root file system that a program runs on: directories that are only read, the first one below the others.
public struct SandboxRoot: Hashable, Sendable {
    /// The owner and mode, and the capabilities, of an entry of a lower directory.
    ///
    /// The files themselves may belong to whoever made them: their owners are set, and taken back, in the sandbox.
    public struct Owner: Hashable, Sendable {
        /// The path below the root; empty for the root itself.
        public var path: ByteString
        /// The owner's number.
        public var uid: UInt32
        /// The group's number.
        public var gid: UInt32
        /// The permission bits with setuid, setgid and sticky.
        public var mode: UInt16
        /// What its attribute `security.capability` holds, if it has one.
        public var capability: [UInt8]?

        /// An entry's owner and mode.
        public init(path: ByteString, uid: UInt32, gid: UInt32, mode: UInt16, capability: [UInt8]? = nil) {
            self.path = path
            self.uid = uid
            self.gid = gid
            self.mode = mode
            self.capability = capability
        }

        /// The same as emulated ownership has it.
        var record: OwnershipRecord {
            let attributes = capability.map { [EmulatedAttribute.capability: ByteString($0)] } ?? [:]
            return OwnershipRecord(uid: uid, gid: gid, attributes: attributes)
        }
    }

    /// Directories of this host, lowest first.
    public var lower: [String]
    /// Entries of the highest lower directory that do not belong to user and group 0, or have capabilities.
    public var owners: [Owner]

    /// A root of directories.
    public init(lower: [String], owners: [Owner] = []) {
        self.lower = lower
        self.owners = owners
    }

    /// Gives everything to user and group 0, as it appears where no other can be an owner.
    mutating func disown() {
        for index in owners.indices { (owners[index].uid, owners[index].gid, owners[index].capability) = (0, 0, nil) }
    }
}

/// A program, and how the root file system appears to it.
public struct SandboxProgram: Hashable, Sendable {
    /// Where the root file system is.
    public enum View: Hashable, Sendable {
        /// It is the root.
        case inside
        /// It is at ``SandboxProgram/layerPath`` beside the programs of this host, and the program starts there.
        case beside
    }

    /// Whether there is a network.
    public enum Network: String, Hashable, Sendable, CaseIterable {
        /// The loopback interface only.
        case none
        /// That of this host.
        case host
    }

    /// What the standard streams of the program are.
    public enum Streams: Hashable, Sendable {
        /// Nothing to read; what it writes goes to whoever runs it.
        case collected
        /// Those of this process.
        case inherited
        /// A terminal of its own, to which this process's terminal is connected.
        case terminal
    }

    /// A file or directory of this host that appears in the sandbox.
    public struct Bind: Hashable, Sendable {
        /// Its path on this host.
        public var source: String
        /// Its path in the sandbox, which starts with a slash.
        public var path: String
        /// Whether it can only be read there.
        public var isReadOnly: Bool

        /// A file or directory in two places.
        public init(source: String, path: String, isReadOnly: Bool) {
            self.source = source
            self.path = path
            self.isReadOnly = isReadOnly
        }
    }

    /// A file that only the sandbox has, in ``SandboxProgram/scaffoldPath``.
    public struct ScaffoldFile: Hashable, Sendable {
        /// Its name there.
        public var name: String
        /// What it holds.
        public var bytes: [UInt8]
        /// Its permission bits.
        public var mode: UInt16

        /// A file with a name and bytes.
        public init(name: String, bytes: [UInt8], mode: UInt16 = 0o644) {
            self.name = name
            self.bytes = bytes
            self.mode = mode
        }
    }

    /// Where files are that only the sandbox has.
    public static let scaffoldPath = "/dev/drydock"
    /// Where the root file system is for programs that run beside it.
    public static let layerPath = "/layer"

    /// Paths in the sandbox that are tried in order.
    public var paths: [String]
    /// What the program is told, its own name first.
    public var arguments: [String]
    /// `NAME=VALUE`.
    public var environment: [String]
    /// Where it starts, as a path in the sandbox.
    public var directory: String
    /// Who it is.
    public var user = SandboxUser.root
    /// Where the root file system is.
    public var view = View.inside
    /// Whether there is a network.
    public var network = Network.none
    /// The name of the host.
    public var hostName = "drydock"
    /// Files and directories of this host that appear in it; a path without a slash at its start is below
    /// ``scaffoldPath``.
    public var binds: [Bind] = []
    /// Files that only the sandbox has.
    public var files: [ScaffoldFile] = []
    /// Names in ``scaffoldPath`` that are links to one file there, such as the many names of BusyBox.
    public var names: [String: [String]] = [:]
    /// What its standard streams are.
    public var streams = Streams.collected
    /// Whether the directory in which it starts is made where it is missing.
    public var makesDirectory = false
    /// Whether what it changes is told.
    public var tellsChanges = true

    /// A program with nothing beside itself.
    public init(paths: [String], arguments: [String], environment: [String] = [], directory: String = "/") {
        self.paths = paths
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }
}
