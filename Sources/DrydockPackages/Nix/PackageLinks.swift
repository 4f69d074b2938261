// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockFiles
public import DrydockNix

/// Links at `/` to the files of packages in a Nix store: the union of their directories.
///
/// Directories are made anew, and files become absolute links into the store, as with nixpkgs' `symlinkJoin`; the first
/// package that has a file wins. Four things differ, each because images suffered from it:
/// - Files that container runtimes read before the container runs (``identityFiles``) are copied: containerd does not
///   follow absolute links there.
/// - A link to a directory is joined with another package's directory of the same name, not put in its place.
/// - A relative link that leads out of its package leads to the same place in the image.
/// - What two packages both have is told, with both their names.
public struct PackageLinks: Sendable {
    /// Files below `/` that runtimes read or write themselves.
    public static let identityFiles: Set<ByteString> = [
        "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid", "etc/nsswitch.conf",
        "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/os-release", "etc/mtab", "etc/machine-id",
    ]

    /// A path that two packages have.
    public struct Overlap: Hashable, Sendable, CustomStringConvertible {
        /// The path in the image, without a leading slash.
        public let path: ByteString
        /// The package whose file is linked.
        public let first: StorePath
        /// The package whose file is not.
        public let second: StorePath

        /// One sentence for the person.
        public var description: String { "/\(path) is in \(first) and in \(second): the first one is linked" }
    }

    /// What the packages come to together.
    public struct Joined: Sendable {
        /// The directories, links and copied files, parents first.
        public let entries: [TreeEntry]
        /// What more than one package has.
        public let overlaps: [Overlap]
        /// Where links in the place of the copied files would lead.
        public let copied: [ByteString]
    }

    /// The store that has the packages.
    public let store: StoreLocation
    /// The packages, in the order in which the first one wins.
    public let packages: [StorePath]
    /// Owner and time of the entries.
    public let style: EntryStyle

    /// Links to packages that will be looked through by ``joined()``.
    public init(to packages: [StorePath], in store: StoreLocation, style: EntryStyle) {
        self.packages = packages
        self.store = store
        self.style = style
    }

    /// Looks through the packages.
    ///
    /// - Throws: ``SystemError``; ``PackageLinksFailure`` for a package that is no directory, or when one package has a
    ///   file where another has a directory.
    public func joined() throws -> Joined {
        var union = Union(links: self, root: TreeRoot(store.physicalDirectory))
        let places = try packages.map { package in
            guard let place = try StorePlace(package: package, path: package.description).directory(in: store) else {
                throw PackageLinksFailure(.notADirectory, package.description)
            }
            return place
        }
        try union.join(places.uniqued(), at: "", depth: 0)
        return Joined(entries: union.entries, overlaps: union.overlaps, copied: union.copied)
    }
}

/// The state of one union.
private struct Union {
    let links: PackageLinks
    let root: TreeRoot
    var entries: [TreeEntry] = []
    var overlaps: [PackageLinks.Overlap] = []
    var copied: [ByteString] = []

    /// Joins directories at a path of the image.
    mutating func join(_ directories: [StorePlace], at path: ByteString, depth: Int) throws {
        try Task.checkCancellation()
        guard depth < DirectoryTree.maximumDepth else { throw StoreObjectFailure(.tooDeep, directories[0].path) }
        var found: [ByteString: [StorePlace]] = [:]
        for directory in directories {
            for name in try HostDirectory(links.store.physicalPath(of: directory.path)).names() {
                guard let place = directory.below(name) else {
                    throw PackageLinksFailure(.nameNotUTF8, "\(directory.path)/\(name)")
                }
                found[name, default: []].append(place)
            }
        }
        for (name, candidates) in found.sorted(by: { $0.key < $1.key }) {
            let below = path.isEmpty ? name : ByteString(path.bytes + [UInt8(ascii: "/")] + name.bytes)
            try add(candidates, at: below, depth: depth)
        }
    }

    private mutating func add(_ candidates: [StorePlace], at path: ByteString, depth: Int) throws {
        if let directories = try directories(behind: candidates, at: path) {
            append(path, .directory, mode: 0o755)
            return try join(directories, at: path, depth: depth + 1)
        }
        let first = candidates[0]
        try append(first, at: path)
        guard candidates.count > 1 else { return }
        let end = try links.store.end(of: first.path)
        for other in candidates.dropFirst() where try end == nil || links.store.end(of: other.path) != end {
            overlaps.append(PackageLinks.Overlap(path: path, first: first.package, second: other.package))
        }
    }

    /// The directories to be joined at a path; nil if the first candidate is to be linked.
    private func directories(behind candidates: [StorePlace], at path: ByteString) throws -> [StorePlace]? {
        let kinds = try candidates.map { try $0.kind(in: links.store) }
        let hasDirectory = kinds.contains(.directory)
        guard hasDirectory || (candidates.count > 1 && kinds[0] == .symlink) else { return nil }
        let directories = try candidates.map { try $0.directory(in: links.store) }
        let distinct = directories.compactMap(\.self).uniqued()
        if directories.contains(nil) {
            guard hasDirectory else { return nil }
            let file = zip(candidates, directories).first { $1 == nil }?.0 ?? candidates[0]
            throw PackageLinksFailure(.besideDirectory(distinct[0].path), file.path)
        }
        // Several links to one directory are as good as one.
        return hasDirectory || distinct.count > 1 ? distinct : nil
    }

    private mutating func append(_ place: StorePlace, at path: ByteString) throws {
        let target = try target(for: place)
        guard PackageLinks.identityFiles.contains(path), let file = try file(at: place) else {
            return append(path, .symlink(target), mode: 0o777)
        }
        copied.append(target)
        // Read-only in the store; in the image its owner may have to add to it.
        append(path, .file(.host(file)), mode: file.status.mode | 0o200)
    }

    /// Where the link to a place leads; a link that stays in its package is made again as it is.
    private func target(for place: StorePlace) throws -> ByteString {
        guard try place.kind(in: links.store) == .symlink else { return ByteString(place.path) }
        let written = try place.linkTarget(in: links.store)
        return Self.leadsOut(written, from: place) ? ByteString(place.path) : written
    }

    /// The regular file that a place is or leads to, if it does.
    private func file(at place: StorePlace) throws -> TreeFile? {
        guard let end = try links.store.end(of: place.path) else { return nil }
        let status = try FileStatus(of: links.store.physicalPath(of: end), followingLinks: false)
        guard status.kind == .regular else { return nil }
        let path = ByteString(Array(end.utf8.dropFirst(links.store.storeDirectory.utf8.count + 1)))
        return TreeFile(root: root, path: path, status: status)
    }

    /// Whether a relative target is outside of the package.
    private static func leadsOut(_ target: ByteString, from place: StorePlace) -> Bool {
        guard target.bytes.first != UInt8(ascii: "/") else { return false }
        // The link's own name is no directory on the way.
        var depth = place.path.dropFirst(place.package.description.count).split(separator: "/").count - 1
        for component in target.bytes.split(separator: UInt8(ascii: "/")) where !component.elementsEqual(".".utf8) {
            depth += component.elementsEqual("..".utf8) ? -1 : 1
            if depth < 0 { return true }
        }
        return false
    }

    private mutating func append(_ path: ByteString, _ node: TreeEntry.Node, mode: UInt16) {
        let attributes = TreeEntry.Attributes(
            mode: mode,
            owner: links.style.owner,
            modificationTime: links.style.modificationTime
        )
        entries.append(TreeEntry(path: path, node: node, attributes: attributes))
    }
}

extension Array where Element == StorePlace {
    /// Without those whose path came before.
    fileprivate func uniqued() -> [StorePlace] {
        var seen: Set<String> = []
        return filter { seen.insert($0.path).inserted }
    }
}
