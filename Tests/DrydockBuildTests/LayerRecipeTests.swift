// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Foundation
import Testing

/// Layers whose size is known before a file is read, and their bytes.
@Suite
struct LayerRecipeTests {
    /// As Python writes the archive again that it has read.
    private static let rewrite = """
        import sys, tarfile
        source = tarfile.open("layer.tar", encoding="utf-8", errors="surrogateescape")
        with tarfile.open("again.tar", "w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as out:
            for member in source:
                member.pax_headers, member.mtime = {}, int(member.mtime)
                out.addfile(member, source.extractfile(member) if member.isreg() else None)
        """

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `a layer has the size that was known, and the bytes that Python writes`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let recipe = try LayerRecipe(entries: (0..<60).map { random.treeEntry(number: $0) })
        let bytes = try Pipeline.bytes(of: recipe, pieces: 1 + random.below(5_000))
        #expect(Int64(bytes.count) == recipe.size)
        #expect(bytes == (try Pipeline.bytes(of: recipe, pieces: 1 << 20)))
        try await withTemporaryDirectory { directory in
            try Data(bytes).write(to: URL(filePath: directory + "/layer.tar"))
            try await Command.check(["python3", "-c", Self.rewrite], in: directory)
            #expect(try Pipeline.bytes(directory + "/again.tar") == bytes)
            try await Command.check(["tar", "-tf", "layer.tar"], in: directory)
        }
    }

    @Test
    func `an empty layer is one record of zeros`() throws {
        let recipe = try LayerRecipe(entries: [])
        #expect(recipe.size == 10_240)
        #expect(try Pipeline.bytes(of: recipe) == [UInt8](repeating: 0, count: 10_240))
    }

    @Test(.requires("setfattr"))
    func `GNU tar unpacks a layer to the tree that it was made from`() async throws {
        let script = """
            mkdir tree out; cd tree; umask 022; mkdir -p d/e; printf 123 >d/f; chmod 751 d/f; ln d/f d/g; ln d/f z
            ln -s ../x d/l; mkfifo p; printf x >$'\\377'; chmod 1777 d/e; setfattr -n user.note -v hi d/f
            mkdir -p \(String(repeating: "n", count: 101)); printf y >\(String(repeating: "n", count: 101))/f
            mkdir -p \(String(repeating: "m", count: 200)); printf y >\(String(repeating: "m", count: 200))/\
            \(String(repeating: "o", count: 200)); find . -exec touch -h -d @5 {} +
            """
        try await withTemporaryDirectory { directory in
            try await Command.check(["bash", "-euc", script], in: directory)
            let status = try FileStatus(of: directory)
            let owner = TreeEntry.Ownership(uid: status.uid, gid: status.gid)
            let style = EntryStyle(owner: owner, modificationTime: 5)
            let entries = try DirectoryTree(root: directory + "/tree", style: style).entries()
            let bytes = try Pipeline.bytes(of: try LayerRecipe(entries: entries))
            try Data(bytes).write(to: URL(filePath: directory + "/layer.tar"))
            try await Command.check(["tar", "--xattrs", "-xpf", "../layer.tar"], in: directory + "/out")
            let made = try await ImageChecker.entries(of: directory + "/tree").filter { $0.path != "." }
            let unpacked = try await ImageChecker.entries(of: directory + "/out").filter { $0.path != "." }
            #expect(unpacked == made)
            #expect(made.count == 12)
        }
    }

    // MARK: Hard links

    @Test
    func `of several names of one file the first is the file`() throws {
        let identity = FileStatus.Identity(device: 1, inode: 2)
        let names: [ByteString] = ["a", "b", "c"]
        let recipe = try LayerRecipe(entries: names.map { file($0, "text", identity) })
        let members = try members(of: recipe)
        #expect(members.map(\.entry.kind) == [.regular(size: 4), .hardLink(target: "a"), .hardLink(target: "a")])
        #expect(recipe.size == 10_240)
    }

    @Test
    func `names with other attributes or content are other files`() throws {
        let identity = FileStatus.Identity(device: 1, inode: 2)
        var secret = file("b", "text", identity)
        secret.attributes.mode = 0o600
        let recipe = try LayerRecipe(entries: [file("a", "text", identity), secret, file("c", "other", identity)])
        #expect(try members(of: recipe).map(\.entry.kind) == [.regular(size: 4), .regular(size: 4), .regular(size: 5)])
    }

    @Test
    func `links and pipes with several names are linked, too`() throws {
        let identity = FileStatus.Identity(device: 1, inode: 3)
        let nodes: [(ByteString, TreeEntry.Node, UInt64)] = [
            ("a", .symlink("t"), 3), ("b", .symlink("t"), 3), ("c", .fifo, 4), ("d", .fifo, 4), ("e", .fifo, 5),
        ]
        let recipe = try LayerRecipe(
            entries: nodes.map { name, node, inode in
                let identity = FileStatus.Identity(device: identity.device, inode: inode)
                return TreeEntry(path: name, node: node, attributes: attributes, linkIdentity: identity)
            }
        )
        let kinds: [TarEntry.Kind] = [
            .symlink(target: "t"), .hardLink(target: "a"), .fifo, .hardLink(target: "c"), .fifo,
        ]
        #expect(try members(of: recipe).map(\.entry.kind) == kinds)
    }

    // MARK: Large files and odd names

    /// A file's size and the size of a layer with it alone.
    struct Large: CustomTestStringConvertible, Sendable {
        let size: Int64
        let layer: Int64
        var testDescription: String { "\(size)" }
    }

    @Test(arguments: [
        // One header and two blocks of zeros, to a multiple of 10 240.
        Large(size: 0, layer: 10_240),
        Large(size: 8_704, layer: 10_240),
        Large(size: 8_705, layer: 20_480),
        // The most that eleven octal digits say, and one more: two further blocks say it.
        Large(size: 8_589_934_591, layer: 8_589_936_640),
        Large(size: 8_589_934_592, layer: 8_589_946_880),
        Large(size: 1 << 40, layer: 1_099_511_633_920),
    ])
    func `the size of a layer follows from the size of its file`(large: Large) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["truncate", "--size=\(large.size)", directory + "/f"])
            let entries = try DirectoryTree(root: directory, style: Pipeline.style).entries()
            let recipe = try LayerRecipe(entries: entries)
            #expect(recipe.size == large.layer)
            var start = [UInt8](repeating: 1, count: 2_048)
            let count = try unsafe start.withUnsafeMutableBytes { try unsafe LayerStream(recipe).read(into: $0) }
            #expect(count == start.count)
            var reader = TarReader(ArchiveSource(bytes: start))
            let member = try #require(try reader.next())
            #expect(member.entry.kind == .regular(size: large.size))
            #expect(member.dataOffset == (large.size < 8_589_934_592 ? 512 : 1_536))
        }
    }

    @Test(arguments: [99, 100, 101, 155, 255, 256, 1_000, 4_095])
    func `names of every length and any bytes come back`(length: Int) throws {
        for byte in [UInt8(ascii: "n"), 0xFF, 0xC3] {
            var name = [UInt8](repeating: byte, count: length)
            for position in stride(from: 50, to: length - 1, by: 51) { name[position] = UInt8(ascii: "/") }
            let path = ByteString(name)
            let link = TreeEntry(path: "l", node: .symlink(path), attributes: attributes)
            let recipe = try LayerRecipe(entries: [link, file(path, "x", nil)])
            let members = try members(of: recipe)
            #expect(members.map(\.entry.name) == ["l", path])
            #expect(members[0].entry.kind == .symlink(target: path))
            #expect(try Int64(Pipeline.bytes(of: recipe).count) == recipe.size)
        }
    }

    @Test
    func `the root is called by a dot`() throws {
        let root = TreeEntry(path: "", node: .directory, attributes: attributes)
        #expect(try members(of: try LayerRecipe(entries: [root])).map(\.entry.name) == ["."])
    }

    private let attributes = TreeEntry.Attributes(mode: 0o644, owner: .root, modificationTime: 1)

    private func file(_ path: ByteString, _ text: String, _ identity: FileStatus.Identity?) -> TreeEntry {
        let node = TreeEntry.Node.file(.bytes(Array(text.utf8)))
        return TreeEntry(path: path, node: node, attributes: attributes, linkIdentity: identity)
    }

    private func members(of recipe: LayerRecipe) throws -> [TarMember] {
        var reader = TarReader(ArchiveSource(bytes: try Pipeline.bytes(of: recipe)))
        var members: [TarMember] = []
        while let member = try reader.next() { members.append(member) }
        return members
    }
}

/// An archive in memory; past its end there is nothing.
private struct ArchiveSource: TarSource {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = max(0, min(buffer.count, bytes.count - position))
        unsafe buffer.copyBytes(from: bytes[min(position, bytes.count)..<min(position, bytes.count) + count])
        position += count
        return count
    }

    mutating func skip(_ count: Int64) { position += Int(count) }
}

extension SeededGenerator {
    /// An entry of any kind with a name of any length in UTF-8, without extended attributes.
    fileprivate mutating func treeEntry(number: Int) -> TreeEntry {
        let pieces = ["a", "bin/", "\u{E9}", "\u{20AC}/", "-x", " "]
        var name = "e\(number)"
        for _ in 0..<pick([0, 3, 40, 150, 400]) { name += pick(pieces) }
        let attributes = TreeEntry.Attributes(
            mode: UInt16(below(0o10000)),
            owner: TreeEntry.Ownership(
                uid: pick([0, 1_000, 4_000_000_000]),
                gid: pick([0, 2_097_152]),
                userName: pick(["", "root"]),
                groupName: pick(["", "wheel"])
            ),
            modificationTime: Int64(pick([0, 1, 8_589_934_592]))
        )
        let identity = below(3) == 0 ? FileStatus.Identity(device: 1, inode: UInt64(below(3))) : nil
        let path = ByteString(name + "z")
        return TreeEntry(path: path, node: node(), attributes: attributes, linkIdentity: identity)
    }

    private mutating func node() -> TreeEntry.Node {
        switch below(6) {
        case 0: return .directory
        case 1: return .symlink(ByteString(String(repeating: "t/", count: pick([1, 60, 200])) + "e"))
        case 2: return .fifo
        case 3: return .characterDevice(major: UInt32(below(4_096)), minor: UInt32(below(1_000_000)))
        default:
            let size = pick([0, 1, 511, 512, 513, 10_000])
            return .file(.bytes((0..<size).map { UInt8(truncatingIfNeeded: $0) }))
        }
    }
}
