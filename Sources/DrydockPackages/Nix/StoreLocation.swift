// SPDX-License-Identifier: Apache-2.0

public import DrydockNix

/// A Nix store on this host: what its paths are called, and where they are.
///
/// The two differ in a chroot store: `--store /mnt` has `/nix/store/…` in `/mnt/nix/store`.
public struct StoreLocation: Hashable, Sendable {
    /// The store directory as the paths of the store name it.
    public let storeDirectory: String
    /// The directory of this host that has the store's objects.
    public let physicalDirectory: String

    /// A store whose objects are in `physicalDirectory`, by default where their names say.
    public init(storeDirectory: String = StorePath.defaultStoreDirectory, physicalDirectory: String? = nil) {
        self.storeDirectory = storeDirectory
        self.physicalDirectory = physicalDirectory ?? storeDirectory
    }

    /// A store whose paths are below `root`, as with `--store ROOT`.
    public init(storeDirectory: String = StorePath.defaultStoreDirectory, root: String) {
        let prefix = root.hasSuffix("/") ? String(root.dropLast()) : root
        self.init(storeDirectory: storeDirectory, physicalDirectory: prefix + storeDirectory)
    }

    /// Where a store object is on this host.
    public func physicalPath(of path: StorePath) -> String { "\(physicalDirectory)/\(path.baseName)" }
}
