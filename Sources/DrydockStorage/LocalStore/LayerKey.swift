// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockFiles

/// Everything that the tar of a layer of store paths follows from: two layers with equal keys have the same bytes.
///
/// A store path alone does not say what lies there: a path that was built again or repaired may hold other bytes. So a
/// key also holds what is registered of each path, and a path of which no NAR hash is known has no place in a key.
///
/// Keys are compared by ``digest``.
public struct LayerKey: Sendable {
    /// One store object of the layer, and how to notice that another has taken its place.
    public struct StoreObject: Hashable, Sendable {
        /// The absolute store path.
        public let path: String
        /// The SHA-256 of its NAR, as it is registered.
        public let narHash: Digest
        /// When it was registered, in seconds since 1970; nil where that is not known.
        public let registrationTime: Int64?
        /// The inode of the path; nil where nobody looked.
        ///
        /// A repair puts new files in the place of damaged ones without a new registration.
        public let inode: UInt64?

        /// A store object.
        public init(path: String, narHash: Digest, registrationTime: Int64? = nil, inode: UInt64? = nil) {
            self.path = path
            self.narHash = narHash
            self.registrationTime = registrationTime
            self.inode = inode
        }
    }

    /// Whom the layer's members belong to.
    public struct Owner: Hashable, Sendable {
        /// The user's number.
        public let uid: Int64
        /// The group's number.
        public let gid: Int64
        /// The user's name.
        public let uname: String
        /// The group's name.
        public let gname: String

        /// An owner.
        public init(uid: Int64, gid: Int64, uname: String, gname: String) {
            self.uid = uid
            self.gid = gid
            self.uname = uname
            self.gname = gname
        }
    }

    /// The version of the rules by which a tar is written; a program that writes other bytes has another.
    public let formatVersion: Int64
    /// The store objects in the order in which the layer holds them.
    public let storeObjects: [StoreObject]
    /// Whom the members belong to.
    public let owner: Owner
    /// The members' modification time in seconds since 1970.
    public let modificationTime: Int64
    /// The SHA-256 of the key's canonical form.
    public let digest: Digest

    /// The key of a layer.
    public init(formatVersion: Int64, storeObjects: [StoreObject], owner: Owner, modificationTime: Int64) {
        self.formatVersion = formatVersion
        self.storeObjects = storeObjects
        self.owner = owner
        self.modificationTime = modificationTime
        digest = Digest(of: LayerKeyForm.head(formatVersion, owner, modificationTime) + LayerKeyForm.body(storeObjects))
    }

    /// The absolute store paths in the order in which the layer holds them.
    public var paths: [String] { storeObjects.map(\.path) }

    /// Whether all the store paths are still there, and no other has taken the place of one.
    ///
    /// - Parameter root: The directory that the store's paths are below, as with `--store ROOT`.
    /// - Returns: False also when the store's directory cannot be read.
    public func isPresent(below root: String = "") -> Bool {
        storeObjects.allSatisfy { object in
            guard let status = try? FileStatus(of: root + object.path, followingLinks: false) else { return false }
            return object.inode == nil || object.inode == status.identity.inode
        }
    }
}

extension LayerKey: Hashable {
    /// Whether two keys have the same digest.
    public static func == (left: LayerKey, right: LayerKey) -> Bool { left.digest == right.digest }

    /// Hashes the digest.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
