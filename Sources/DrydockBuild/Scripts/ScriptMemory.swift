// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockPackages
import DrydockSandbox
import DrydockStorage

/// What scripts changed, remembered by everything that went into them.
///
/// A result is a tar: below `entries` what is there now, below `opaque` the directories that hide what was in them, and
/// below `gone` an empty file for each name that is not there any more.
struct ScriptMemory: Sendable {
    let results: LocalResults
    let temporaryDirectory: String
    let style: EntryStyle

    private static let prefixes = (entries: "entries", opaque: "opaque", gone: "gone")

    /// The key of a script: its text and how it is started, the interpreter, and the root file system that it sees.
    ///
    /// Files of this host that a script beside the layer calls are no part of it.
    ///
    /// - Throws: What reading the files throws.
    static func key(of script: ScriptSpec.Run, as program: SandboxProgram, on entries: [TreeEntry]) throws -> Digest {
        let interpreters = try ([program.paths[0]] + program.binds.map(\.source)).compactMap { path -> JSONValue? in
            guard (try? FileStatus(of: path))?.kind == .regular else { return nil }
            return .string("\(try FileDigest.compute(of: path))")
        }
        let facts: [String: JSONValue] = [
            "format": .string("drydock script 1"),
            "name": .string(script.name),
            "text": .string(script.text),
            "isInside": .bool(script.isInside),
            "arguments": .array(program.arguments.map { .string($0) }),
            "environment": .array(program.environment.map { .string($0) }),
            "binds": .array(program.binds.map { .string($0.path) }),
            "interpreters": .array(interpreters),
            "tree": .string("\(try LayerRecipe(entries: entries).measure().diffID)"),
        ]
        return Digest(of: CanonicalJSON.encode(JSONValue.object(facts)))
    }

    /// What is remembered for a key; nil if that is nothing of use.
    func changes(for key: Digest) -> [ScriptChange]? {
        guard let path = try? results.result(key) else { return nil }
        let tree = ArchiveTree(
            path: path,
            modificationTime: style.modificationTime,
            temporaryDirectory: temporaryDirectory
        )
        return try? tree.entries().compactMap(Self.change).sorted { $0.path.precedesInTree($1.path) }
    }

    private static func change(_ entry: TreeEntry) -> ScriptChange? {
        let parts = entry.path.bytes.split(separator: UInt8(ascii: "/"), maxSplits: 1)
        guard let prefix = parts.first else { return nil }
        var entry = entry
        entry.path = ByteString(parts.count > 1 ? Array(parts[1]) : [])
        switch String(decoding: prefix, as: UTF8.self) {
        case prefixes.entries: return .entry(entry)
        case prefixes.opaque: return .opaque(entry)
        case prefixes.gone: return .gone(entry.path)
        default: return nil
        }
    }

    /// Remembers what a script changed; a store that cannot be written costs time and nothing else.
    func remember(_ changes: [ScriptChange], for key: Digest) {
        try? results.keep(key) { try Self.recipe(changes).write(to: $0) }
    }

    /// The changes as a tar.
    static func recipe(_ changes: [ScriptChange]) throws -> LayerRecipe {
        try LayerRecipe(entries: changes.map(entry))
    }

    private static func entry(_ change: ScriptChange) -> TreeEntry {
        switch change {
        case .entry(let entry): return entry.below(prefixes.entries)
        case .opaque(let entry): return entry.below(prefixes.opaque)
        case .gone(let path):
            let attributes = TreeEntry.Attributes(mode: 0o644, owner: .root, modificationTime: 0)
            return TreeEntry(path: path, node: .file(.bytes([])), attributes: attributes).below(prefixes.gone)
        }
    }
}

extension TreeEntry {
    fileprivate func below(_ directory: String) -> TreeEntry {
        var entry = self
        entry.path = ByteString(Array(directory.utf8) + (path.isEmpty ? [] : [UInt8(ascii: "/")]) + path.bytes)
        return entry
    }
}

/// The digest of a file of this host.
private enum FileDigest {
    static func compute(of path: String) throws -> Digest {
        let file = try OwnedDescriptor(opening: path)
        let buffer = AlignedBuffer(capacity: 256 << 10)
        var hash = StreamingHash()
        while true {
            buffer.count = try unsafe file.read(into: buffer.storage, at: hash.byteCount, path: path)
            if buffer.count == 0 { return hash.finish() }
            unsafe hash.update(buffer.bytes)
        }
    }
}
