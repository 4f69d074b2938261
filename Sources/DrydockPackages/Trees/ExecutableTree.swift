// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockTar
import Glibc

/// Executables of this host, with everything they need to start, as entries of an image.
public struct ExecutableTree: Sendable {
    /// What the executables need.
    public let closure: ExecutableClosure
    /// Owner and time of the entries.
    public let style: EntryStyle
    /// The loader's cache, for libraries that the loader finds through its configuration; nil if there are none.
    public let cache: LoaderCache?

    /// The entries of a closure.
    public init(closure: ExecutableClosure, style: EntryStyle, cache: LoaderCache?) {
        self.closure = closure
        self.style = style
        self.cache = cache
    }

    /// The links and files; no directories: those above them are made by whoever puts the image together.
    ///
    /// - Throws: ``SystemError`` when a file is gone since it was found.
    public func entries() throws -> [TreeEntry] {
        // Links first: what stands below a linked directory is found through its real path.
        try closure.links.map(entry) + fileEntries() + cacheEntries
    }

    /// A file at two places is one file with two names, so that the loader still knows it as one library.
    private func fileEntries() throws -> [TreeEntry] {
        let places = Dictionary(grouping: closure.files, by: \.path).mapValues(\.count)
        return try closure.files.map { try entry($0, isShared: places[$0.path] != 1) }
    }

    private var cacheEntries: [TreeEntry] {
        guard let cache else { return [] }
        let attributes = attributes(mode: 0o644, [])
        return [TreeEntry(path: "etc/ld.so.cache", node: .file(.bytes(cache.bytes)), attributes: attributes)]
    }

    private func entry(_ link: ExecutableClosure.Link) -> TreeEntry {
        TreeEntry(path: Self.relative(link.path), node: .symlink(link.target), attributes: attributes(mode: 0o777, []))
    }

    private func entry(_ file: ExecutableClosure.File, isShared: Bool) throws -> TreeEntry {
        let path = Self.relative(file.path)
        let (folder, name) = Self.split(path)
        let directory = try HostDirectory(entering: "/\(folder)")
        let status = try directory.status(of: name, followingLinks: false)
        return TreeEntry(
            path: Self.relative(file.place),
            node: .file(.host(TreeFile(root: Self.root, path: path, status: status))),
            attributes: attributes(
                mode: file.place == file.path ? status.mode : Self.usualMode(status.mode),
                try ExtendedAttribute.portable(of: name, in: directory)
            ),
            linkIdentity: isShared || status.linkCount > 1 ? status.identity : nil
        )
    }

    /// The mode of what was built on this host: it must not depend on the umask of who built it.
    private static func usualMode(_ mode: UInt16) -> UInt16 { mode & 0o100 == 0 ? 0o644 : 0o755 }

    private func attributes(mode: UInt16, _ extended: [ExtendedAttribute]) -> TreeEntry.Attributes {
        TreeEntry.Attributes(
            mode: mode,
            owner: style.owner,
            modificationTime: style.modificationTime,
            extendedAttributes: extended
        )
    }

    private static let root = TreeRoot("/")

    private static func relative(_ path: ByteString) -> ByteString { ByteString(path.bytes.drop { $0 == slash }) }

    private static func split(_ path: ByteString) -> (folder: ByteString, name: ByteString) {
        guard let position = path.bytes.lastIndex(of: slash) else { return ("", path) }
        return (ByteString(path.bytes[..<position]), ByteString(path.bytes[(position + 1)...]))
    }

    private static let slash = UInt8(ascii: "/")
}
