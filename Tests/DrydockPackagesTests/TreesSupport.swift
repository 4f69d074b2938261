// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar
import DrydockTestSupport

/// What the tests of trees share.
enum Trees {
    /// An owner and a time that no file of this host has.
    static let style = EntryStyle(
        owner: TreeEntry.Ownership(uid: 11, gid: 22, userName: "u", groupName: "g"),
        modificationTime: 33
    )

    /// Calls `body` with a directory in which a script of the shell has run.
    static func made(by script: String, _ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["bash", "-euc", script], in: directory)
            try await body(directory)
        }
    }

    /// The entries, each as one line: kind, mode, path and what is particular to the kind.
    static func lines(_ entries: [TreeEntry]) -> [String] { entries.map(line) }

    private static func line(_ entry: TreeEntry) -> String {
        let mode = String(entry.attributes.mode, radix: 8)
        let attributes = entry.attributes.extendedAttributes.map { " \($0.name)=\(Hex.encode($0.value))" }.joined()
        return "\(kind(entry.node)) \(mode) \(entry.path)\(detail(entry.node))\(attributes)"
    }

    private static func kind(_ node: TreeEntry.Node) -> String {
        switch node {
        case .directory: "d"
        case .file: "f"
        case .symlink: "l"
        case .fifo: "p"
        case .characterDevice: "c"
        case .blockDevice: "b"
        }
    }

    private static func detail(_ node: TreeEntry.Node) -> String {
        switch node {
        case .directory, .fifo: ""
        case .file(let content): " \(content.size)"
        case .symlink(let target): " -> \(target)"
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): " \(major),\(minor)"
        }
    }

    /// The content of an entry, read in pieces of that many bytes.
    static func content(of entry: TreeEntry, pieces: Int = 1_000) throws -> [UInt8] {
        guard case .file(let content) = entry.node else { return [] }
        return try read(content, with: ContentReader(), pieces: pieces)
    }

    /// All bytes of a content.
    static func read(_ content: FileContent, with reader: ContentReader, pieces: Int = 1_000) throws -> [UInt8] {
        try reader.open(content)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieces)
        while reader.remaining > 0 {
            let count = try unsafe piece.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
            bytes += piece[..<count]
        }
        try reader.finish()
        return bytes
    }

    /// The entry at a path.
    static func entry(_ path: ByteString, of entries: [TreeEntry]) -> TreeEntry? { entries.first { $0.path == path } }
}
