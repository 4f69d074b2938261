// SPDX-License-Identifier: Apache-2.0

/// A file of Nix's state directory, to be put into an image.
public struct StoreStateEntry: Hashable, Sendable {
    /// What it is.
    public enum Content: Hashable, Sendable {
        /// A directory.
        case directory
        /// A regular file with these bytes.
        case file([UInt8])
        /// A symbolic link with this target.
        case link(String)
    }

    /// The path below the image's root, without a slash at either end.
    public let path: String
    /// What it is.
    public let content: Content
}

/// What Nix must find below its state directory to know a closure in an image.
public enum StoreState: Sendable {
    /// Where Nix looks, below the image's root.
    public static let directory = "nix/var/nix"

    /// The database with its schema file, and a root for the garbage collector for each of `roots`, sorted by path.
    ///
    /// Directories come before what is in them; the first is `nix/var`, as `nix` belongs to the store too. The files
    /// `big-lock` and `reserved`, which Nix makes when it first writes, are left out. `gcroots/profiles` is there because
    /// Nix makes that link only where it also makes `gcroots`: without it profiles would be garbage.
    ///
    /// - Parameters:
    ///   - closure: What is to be registered.
    ///   - roots: What is kept when garbage is collected.
    ///   - registrationTime: The time at which all objects count as registered, in seconds since 1970.
    /// - Returns: What is to be put into the image, in this order.
    /// - Throws: ``StoreDatabaseEncoder/Failure``.
    public static func entries(
        of closure: StoreClosure,
        roots: [StorePath],
        registrationTime: Int64
    ) throws -> [StoreStateEntry] {
        let database = try StoreDatabaseEncoder.encode(closure, registrationTime: registrationTime)
        let links = Set(roots).sorted().map { root in
            StoreStateEntry(path: "\(directory)/gcroots/docker/\(root.baseName)", content: .link(root.description))
        }
        return [
            StoreStateEntry(path: "nix/var", content: .directory),
            StoreStateEntry(path: directory, content: .directory),
            StoreStateEntry(path: "\(directory)/db", content: .directory),
            StoreStateEntry(path: "\(directory)/db/db.sqlite", content: .file(database)),
            StoreStateEntry(path: "\(directory)/db/schema", content: .file(StoreDatabaseEncoder.schemaFile)),
            StoreStateEntry(path: "\(directory)/gcroots", content: .directory),
            StoreStateEntry(path: "\(directory)/gcroots/docker", content: .directory),
        ] + links + [
            StoreStateEntry(path: "\(directory)/gcroots/profiles", content: .link("/\(directory)/profiles"))
        ]
    }
}
