// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockNix

/// A store object as entries of a layer: one walk, no content read.
///
/// Entries, order and attributes are those of nixpkgs' `dockerTools.streamLayeredImage`, so that layers of the same paths
/// have the same digests: modes are kept, owner and time come from the style, each name of a file with several is a file
/// of its own, and extended attributes are left out. Names are in the order of Python's `pathlib`.
public struct StoreObjectTree: Sendable {
    /// The store that has the object.
    public let store: StoreLocation
    /// The store path.
    public let path: StorePath
    /// Owner and time of the entries.
    public let style: EntryStyle

    /// A store object that will be walked by ``entries()``.
    public init(_ path: StorePath, in store: StoreLocation, style: EntryStyle) {
        self.path = path
        self.store = store
        self.style = style
    }

    /// The store path itself and all that is below it; parents come before what they contain.
    ///
    /// The paths are those in the store, without the leading slash, wherever the store is on this host.
    ///
    /// - Throws: ``SystemError``, also when the path is missing; ``StoreObjectFailure`` for what no store object has.
    public func entries() throws -> [TreeEntry] {
        let directory = try HostDirectory(store.physicalDirectory)
        var walk = Walk(tree: self, root: TreeRoot(store.physicalDirectory))
        let place = Place(image: Array(path.description.utf8.drop { $0 == slash }), host: Array(path.baseName.utf8))
        try walk.visit(ByteString(path.baseName), in: directory, at: place, depth: 0)
        return walk.entries
    }
}

private let slash = UInt8(ascii: "/")

/// Where an entry is, in the image and below the store's directory on this host.
private struct Place {
    let image: [UInt8]
    let host: [UInt8]

    func appending(_ name: ByteString) -> Place {
        Place(image: Self.join(image, name.bytes), host: Self.join(host, name.bytes))
    }

    private static func join(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(path.count + 1 + name.count)
        joined += path
        joined.append(slash)
        joined += name
        return joined
    }
}

/// The state of one walk.
private struct Walk {
    let tree: StoreObjectTree
    let root: TreeRoot
    var entries: [TreeEntry] = []

    mutating func visit(_ name: ByteString, in directory: borrowing HostDirectory, at place: Place, depth: Int) throws {
        guard !name.bytes.starts(with: ".wh.".utf8) else {
            throw StoreObjectFailure(.whiteoutName, directory.path(of: name))
        }
        let status = try directory.status(of: name, followingLinks: false)
        let file = TreeFile(root: root, path: ByteString(place.host), status: status)
        entries.append(
            TreeEntry(
                path: ByteString(place.image),
                node: try node(of: name, in: directory, file),
                attributes: TreeEntry.Attributes(
                    // Linux gives every link 0777; other systems do not.
                    mode: status.kind == .symlink ? 0o777 : status.mode,
                    owner: tree.style.owner,
                    modificationTime: tree.style.modificationTime
                )
            )
        )
        guard status.kind == .directory else { return }
        guard depth < DirectoryTree.maximumDepth else { throw StoreObjectFailure(.tooDeep, directory.path(of: name)) }
        try enter(HostDirectory(name, in: directory, followingLinks: false), at: place, depth: depth + 1)
    }

    private mutating func enter(_ directory: consuming HostDirectory, at place: Place, depth: Int) throws {
        try Task.checkCancellation()
        for name in CodePointOrder.sorted(try directory.names()) {
            try visit(name, in: directory, at: place.appending(name), depth: depth)
        }
    }

    private func node(
        of name: ByteString,
        in directory: borrowing HostDirectory,
        _ file: TreeFile
    ) throws -> TreeEntry.Node {
        switch file.status.kind {
        case .regular: .file(.host(file))
        case .directory: .directory
        case .symlink: .symlink(try directory.linkTarget(of: name))
        default: throw StoreObjectFailure(.unsupportedKind(file.status.kind), directory.path(of: name))
        }
    }
}
