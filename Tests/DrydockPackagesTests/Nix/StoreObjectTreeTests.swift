// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Glibc
import Testing

@Suite struct StoreObjectTreeTests {
    private static let hashes = ["a", "b", "c"].map { String(repeating: $0, count: 32) }
    private static let a = "\(hashes[0])-x"

    private static func entries(_ baseName: String, root: String) throws -> [TreeEntry] {
        let path = try StorePath(baseName: baseName)
        return try StoreObjectTree(path, in: StoreLocation(root: root), style: Trees.style).entries()
    }

    /// The layer of these store paths.
    private static func layer(_ baseNames: [String], root: String) throws -> [UInt8] {
        let style = Trees.style
        let attributes = TreeEntry.Attributes(
            mode: 0o755,
            owner: style.owner,
            modificationTime: style.modificationTime
        )
        var entries = ["nix", "nix/store"].map {
            TreeEntry(path: $0, node: .directory, attributes: attributes)
        }
        for baseName in baseNames { entries += try self.entries(baseName, root: root) }
        var tar: [UInt8] = []
        for entry in entries { try append(entry, to: &tar) }
        TarFormat.appendTrailer(afterBytes: Int64(tar.count), to: &tar)
        return tar
    }

    private static func append(_ entry: TreeEntry, to tar: inout [UInt8]) throws {
        let content = try Trees.content(of: entry, pieces: 100_000)
        let kind: TarEntry.Kind =
            switch entry.node {
            case .symlink(let target): .symlink(target: target)
            case .file(let content): .regular(size: content.size)
            default: .directory
            }
        let name = ByteString(Array("/".utf8) + entry.path.bytes)
        var header = TarEntry(name: name, kind: kind, mode: entry.attributes.mode)
        header.uid = entry.attributes.owner.uid
        header.gid = entry.attributes.owner.gid
        header.userName = entry.attributes.owner.userName
        header.groupName = entry.attributes.owner.groupName
        header.modificationTime = entry.attributes.modificationTime
        try TarFormat.appendHeader(of: header, to: &tar)
        tar += content
        while tar.count % TarFormat.blockSize != 0 { tar.append(0) }
    }

    /// The layer that the reference makes.
    private static func reference(_ baseNames: [String], root: String) async throws -> [UInt8] {
        let style = ["--mtime=33", "--uid=11", "--gid=22", "--uname=u", "--gname=g"]
        let layer = ReferenceLayer.command(for: baseNames.map { "/nix/store/\($0)" }, in: Nix(root: root))
        let output = try await Command.run(layer + style)
        try #require(output.status == 0, "\(output.errorText)")
        return output.standardOutput
    }

    @Test(.requires("python3"), arguments: 0..<20)
    func `layers are those of dockerTools, byte for byte`(seed: Int) async throws {
        try await Trees.made(by: "mkdir -p nix/store") { root in
            let names = [Self.a, "\(Self.hashes[2])-file", "\(Self.hashes[1])-link"]
            try await RandomTree.make(seed: seed, at: "\(root)/nix/store/\(names[0])")
            let script = "printf text > \(names[1]); ln -s /nix/store/\(names[0])/foo \(names[2])"
            try await Command.check(["sh", "-c", script], in: root + "/nix/store")
            let expected = try await Self.reference(names, root: root)
            // Compared as a condition: the bytes would fill screens.
            #expect(try Self.layer(names, root: root) == expected, "seed \(seed)")
        }
    }

    @Test func `names are sorted by components and code points`() async throws {
        // U+E000, U+FFEE, U+1F600, a byte that is not UTF-8, and two that are the beginning of a character.
        let script = """
            mkdir -p nix/store/\(Self.a); cd nix/store/\(Self.a)
            touch $'\\ue000' $'\\uffee' $'\\U1f600' $'\\xff' $'\\xe2\\x82' $'\\u0e9' foo-1 foo.d; mkdir foo; touch foo/z
            """
        try await Trees.made(by: script) { root in
            let prefix = "nix/store/\(Self.a)"
            let names: [ByteString] = [
                "foo", "foo/z", "foo-1", "foo.d", "\u{E9}", ByteString([0xE2, 0x82]), ByteString([0xFF]), "\u{E000}",
                "\u{FFEE}", "\u{1F600}",
            ]
            let expected = [ByteString(prefix)] + names.map { ByteString(Array("\(prefix)/".utf8) + $0.bytes) }
            let paths = try Self.entries(Self.a, root: root).map(\.path)
            #expect(paths == expected)
        }
    }

    @Test func `modes are kept, owners and times are not, and names of one file are files of their own`() async throws {
        let script = """
            mkdir -p nix/store/\(Self.a)/d; cd nix/store/\(Self.a)
            printf abc > d/f; ln d/f g; ln -s d/f l; chmod 4555 d/f; chmod 1555 d
            setfattr -n user.x -v y d/f
            """
        try await Trees.made(by: script) { root in
            let entries = try Self.entries(Self.a, root: root)
            let top = "nix/store/\(Self.a)"
            #expect(
                Trees.lines(entries) == [
                    "d 755 \(top)", "d 1555 \(top)/d", "f 4555 \(top)/d/f 3", "f 4555 \(top)/g 3",
                    "l 777 \(top)/l -> d/f",
                ]
            )
            #expect(entries.allSatisfy { $0.attributes.owner == Trees.style.owner })
            #expect(entries.allSatisfy { $0.attributes.modificationTime == 33 && $0.linkIdentity == nil })
            #expect(try Trees.content(of: entries[3]) == Array("abc".utf8))
        }
    }

    @Test func `a link that is a store path is one entry`() async throws {
        let script = "mkdir -p nix/store/\(Self.hashes[1])-y/d; ln -s \(Self.hashes[1])-y nix/store/\(Self.a)"
        try await Trees.made(by: script) { root in
            let lines = Trees.lines(try Self.entries(Self.a, root: root))
            #expect(lines == ["l 777 nix/store/\(Self.a) -> \(Self.hashes[1])-y"])
        }
    }

    @Test func `the store may be elsewhere than its paths say`() async throws {
        try await Trees.made(by: "mkdir real; printf abc > real/\(Self.a)") { directory in
            let store = StoreLocation(storeDirectory: "/gnu/store", physicalDirectory: directory + "/real")
            let path = try StorePath(baseName: Self.a, storeDirectory: "/gnu/store")
            let entries = try StoreObjectTree(path, in: store, style: Trees.style).entries()
            #expect(entries.map(\.path) == [ByteString("gnu/store/\(Self.a)")])
            #expect(try Trees.content(of: entries[0]) == Array("abc".utf8))
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let script: String
        let name: String
        let text: String

        var testDescription: String { text }
    }

    static let refused = [
        Refused(
            script: "mkfifo p",
            name: "p",
            text: "it is a named pipe, and a store object has only directories, regular files and links"
        ),
        Refused(
            script: "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'",
            name: "s",
            text: "it is a socket, and a store object has only directories, regular files and links"
        ),
    ]

    @Test(.requires("python3"), arguments: refused)
    func `what no store object has is named`(object: Refused) async throws {
        try await Trees.made(by: "mkdir -p nix/store/\(Self.a); cd nix/store/\(Self.a); \(object.script)") { root in
            let failure = #expect(throws: StoreObjectFailure.self) { try Self.entries(Self.a, root: root) }
            let path = "\(root)/nix/store/\(Self.a)/\(object.name)"
            #expect(failure?.path == path)
            #expect(failure?.description == "Cannot use '\(path)': \(object.text)")
        }
    }

    @Test func `a name that would delete a file is refused`() async throws {
        try await Trees.made(by: "mkdir -p nix/store/\(Self.a); touch nix/store/\(Self.a)/.wh.x") { root in
            let path = "\(root)/nix/store/\(Self.a)/.wh.x"
            let failure = #expect(throws: StoreObjectFailure(.whiteoutName, path)) {
                try Self.entries(Self.a, root: root)
            }
            #expect(
                failure?.description
                    == "Cannot pack '\(path)': in an image, a name that starts with '.wh.' means that a file is deleted"
            )
        }
    }

    @Test func `a missing path is named`() async throws {
        try await Trees.made(by: "mkdir -p nix/store") { root in
            let path = "\(root)/nix/store/\(Self.a)"
            #expect(throws: SystemError("read", path, errorNumber: ENOENT)) { try Self.entries(Self.a, root: root) }
        }
    }

    @Test func `a file that changed later is noticed when it is read`() async throws {
        try await Trees.made(by: "mkdir -p nix/store; printf abc > nix/store/\(Self.a)") { root in
            let entries = try Self.entries(Self.a, root: root)
            let path = "\(root)/nix/store/\(Self.a)"
            try await Command.check(["sh", "-c", "printf abcd > \(path)"])
            #expect(throws: TreeError(.changed, path)) { try Trees.content(of: entries[0]) }
        }
    }
}
