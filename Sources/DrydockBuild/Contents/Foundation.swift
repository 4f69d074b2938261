// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix
import DrydockPackages
import Glibc

/// The base image as contents are put on it.
struct Foundation: Sendable {
    let base: BaseImage
    /// What a container of it sees; empty if the spec puts nothing on it.
    let entries: [TreeEntry]

    /// The store paths that the base image has whole: nothing of them has to be packed again.
    ///
    /// A path counts if it has the same files here and there, by name, kind, size, link target and whether they can be
    /// executed. Their content is not compared: a store path's name follows from what it was made of.
    ///
    /// - Parameters:
    ///   - paths: Those that the image needs.
    ///   - location: Where they are on this host; nil if they must not be looked into, and their names are enough.
    ///   - style: The owner of entries.
    /// - Returns: Those that the base image has.
    /// - Throws: `SystemError` for a path that is not there; `StoreObjectFailure`.
    func storePaths(
        among paths: [StorePath],
        in location: StoreLocation?,
        style: EntryStyle
    ) throws -> Set<StorePath> {
        guard let storeDirectory = paths.first?.storeDirectory else { return [] }
        let found = Self.shapes(entries, below: storeDirectory)
        let outlined = Set(base.layers.flatMap(\.storePaths))
        var present: Set<StorePath> = []
        for path in paths {
            guard let location else {
                if found[path.baseName] != nil || outlined.contains(path.description) { present.insert(path) }
                continue
            }
            guard let there = found[path.baseName] else { continue }
            let here = try StoreObjectTree(path, in: location, style: style).entries()
            if there == Self.shapes(here, below: storeDirectory)[path.baseName] { present.insert(path) }
        }
        return present
    }

    /// What the Nix database of the base image has registered; nil if it has none.
    ///
    /// - Throws: `StoreDatabaseFailure` for a database that cannot be read; `SystemError`.
    func registered(storeDirectory: String, temporaryDirectory: String) throws -> StoreClosure? {
        let path = ByteString("\(StoreState.directory)/db/db.sqlite")
        guard let entry = entries.first(where: { $0.path == path }), case .file(let content) = entry.node else {
            return nil
        }
        return try withTemporaryDirectory(in: temporaryDirectory) { folder in
            let copy = "\(folder)/db.sqlite"
            try Self.copy(content, to: copy)
            return try StoreDatabase(file: copy, storeDirectory: storeDirectory).everything()
        }
    }

    private static func copy(_ content: FileContent, to path: String) throws {
        let file = try OwnedDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let output = OutputDescriptor(number: file.number, path: path)
        let reader = ContentReader()
        let buffer = AlignedBuffer(capacity: 256 << 10)
        try reader.open(content)
        while reader.remaining > 0 {
            buffer.count = try unsafe reader.read(into: buffer.storage)
            try unsafe output.append(buffer.bytes)
        }
        try reader.finish()
    }

    /// What each path of a store consists of.
    private static func shapes(_ entries: [TreeEntry], below storeDirectory: String) -> [String: Set<EntryShape>] {
        let prefix = Array(storeDirectory.utf8.dropFirst()) + [UInt8(ascii: "/")]
        var shapes: [String: Set<EntryShape>] = [:]
        for entry in entries where entry.path.bytes.starts(with: prefix) {
            let rest = entry.path.bytes.dropFirst(prefix.count)
            let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
            shapes[name, default: []].insert(EntryShape(entry))
        }
        return shapes
    }
}

/// What of an entry must agree for two store paths to count as the same.
private struct EntryShape: Hashable {
    enum Kind: Hashable {
        case directory
        case file(size: Int64, isExecutable: Bool)
        case symlink(ByteString)
        case other
    }

    let path: ByteString
    let kind: Kind

    init(_ entry: TreeEntry) {
        path = entry.path
        kind =
            switch entry.node {
            case .directory: .directory
            case .file(let content): .file(size: content.size, isExecutable: entry.attributes.mode & 0o111 != 0)
            case .symlink(let target): .symlink(target)
            default: .other
            }
    }
}

/// Calls `body` with a new directory, which is removed afterwards.
private func withTemporaryDirectory<Result>(in parent: String, _ body: (String) throws -> Result) throws -> Result {
    let name = ByteString(".drydock-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
    let directory = try HostDirectory(parent)
    _ = try directory.makeDirectory(name, mode: 0o700)
    defer { try? directory.removeTree(name) }
    return try body(directory.path(of: name))
}

extension StoreClosure {
    /// The closure without some of its objects, and without what refers to them.
    func leavingOut(_ paths: Set<StorePath>) throws(Failure) -> StoreClosure {
        try StoreClosure(
            objects.filter { !paths.contains($0.path) }.map { object in
                var object = object
                object.references.removeAll { paths.contains($0) }
                return object
            }
        )
    }
}
