// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Trees that are written into a directory.
@Suite
struct TreeUnpackingTests {
    private static let attributes = TreeEntry.Attributes(
        mode: 0o644,
        owner: TreeEntry.Ownership(uid: 0, gid: 0),
        modificationTime: 1_000
    )

    private static func entry(_ path: ByteString, _ node: TreeEntry.Node, mode: UInt16 = 0o644) -> TreeEntry {
        var attributes = attributes
        attributes.mode = mode
        return TreeEntry(path: path, node: node, attributes: attributes)
    }

    private func unpack(
        _ entries: [TreeEntry],
        into path: String,
        _ options: TreeUnpacking = TreeUnpacking(keepsOwners: false, makesDevices: false)
    ) throws -> TreeUnpacking.Omissions {
        try options.unpack(entries, into: HostDirectory(path))
    }

    @Test
    func `a tree is written with modes, times and links`() async throws {
        let entries = try Layers.tree([
            [
                Layers.directory("d", mode: 0o555), Layers.file("d/f", "one", mode: 0o4755),
                Layers.hardLink("d/g", to: "d/f"), Layers.link("l", to: "/etc/passwd"), Layers.hardLink("h", to: "d/f"),
            ]
        ])
        try await withTemporaryDirectory { directory in
            #expect(try unpack(entries, into: directory) == TreeUnpacking.Omissions())
            let root = try HostDirectory(directory)
            let folder = try HostDirectory("d", in: root, followingLinks: false)
            #expect(try folder.status().mode == 0o555)
            #expect(try folder.status().modified == 0)
            let file = try folder.status(of: "f", followingLinks: false)
            #expect(file.mode == 0o755)
            #expect(file.linkCount == 3)
            #expect(file.modified == 0)
            #expect(try root.status(of: "h", followingLinks: false).identity == file.identity)
            #expect(try root.linkTarget(of: "l") == "/etc/passwd")
            #expect(try root.status(of: "l", followingLinks: false).modified == 0)
            #expect(try String(contentsOfFile: directory + "/d/g", encoding: .utf8) == "one")
        }
    }

    @Test
    func `devices and attributes of another machine are left out and told of`() async throws {
        let attribute = ExtendedAttribute(name: "trusted.overlay.opaque", value: [0x79])
        var file = Self.entry("d/e/f", .file(.bytes([])))
        file.attributes.extendedAttributes = [attribute]
        var folder = Self.entry("d/e", .directory, mode: 0o755)
        folder.attributes.extendedAttributes = [attribute]
        let entries = [
            Self.entry("a", .characterDevice(major: 1, minor: 3)), Self.entry("b", .blockDevice(major: 8, minor: 0)),
            Self.entry("d", .directory, mode: 0o755), folder, file,
        ]
        try await withTemporaryDirectory { directory in
            let omissions = try unpack(entries, into: directory)
            #expect(
                omissions.warnings == [
                    "left out '/a' and 1 more: only root can make devices",
                    "left out the attribute trusted.overlay.opaque of '/d/e/f' and 1 more",
                ]
            )
            #expect(omissions.attributes.last == "trusted.overlay.opaque of '/d/e'")
            #expect(try HostDirectory(directory).names() == ["d"])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can change owners and make devices"))
    func `root keeps owners, special modes and devices`() async throws {
        var file = Self.entry("f", .file(.bytes([1])), mode: 0o6755)
        file.attributes.owner = TreeEntry.Ownership(uid: 12, gid: 34)
        file.attributes.extendedAttributes = [ExtendedAttribute(name: "user.x", value: [1, 2])]
        var link = Self.entry("l", .symlink("f"))
        link.attributes.owner = TreeEntry.Ownership(uid: 56, gid: 78)
        let entries = [
            Self.entry("c", .characterDevice(major: 1, minor: 3), mode: 0o666), file, link, Self.entry("p", .fifo),
        ]
        try await withTemporaryDirectory { directory in
            let omissions = try unpack(entries, into: directory, TreeUnpacking(keepsOwners: true, makesDevices: true))
            let root = try HostDirectory(directory)
            let status = try root.status(of: "f", followingLinks: false)
            #expect(status.mode == 0o6755)
            #expect([status.uid, status.gid] == [12, 34])
            #expect(try root.status(of: "l", followingLinks: false).uid == 56)
            #expect(try root.status(of: "p", followingLinks: false).kind == .fifo)
            #expect(try root.status(of: "c", followingLinks: false).kind == .characterDevice(major: 1, minor: 3))
            if omissions.attributes.isEmpty { #expect(try root.extendedAttribute("user.x", of: "f") == [1, 2]) }
        }
    }

    /// Entries that are no tree, and what is said of them.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let entries: [TreeEntry]
        let message: String
        var testDescription: String { message }
    }

    static let refusals = [
        Refusal(
            entries: [entry("a", .symlink("/")), entry("a/b", .file(.bytes([])))],
            message: "Cannot write '/a/b': its directory does not come before it"
        ),
        Refusal(entries: [entry("..", .directory)], message: "Cannot write '/..': its name cannot be one"),
        Refusal(
            entries: [entry("/etc", .directory)],
            message: "Cannot write '//etc': its directory does not come before it"
        ),
        Refusal(entries: [entry("", .fifo)], message: "Cannot write '/': it is no directory"),
    ]

    @Test(arguments: refusals)
    func `entries that are no tree are refused`(_ refusal: Refusal) async throws {
        try await withTemporaryDirectory { directory in
            let error = try #require(throws: TreeError.self) { _ = try unpack(refusal.entries, into: directory) }
            #expect("\(error)" == refusal.message)
        }
    }

    @Test
    func `nothing is written through what is there already`() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/root", withIntermediateDirectories: false)
            try FileManager.default.createDirectory(atPath: directory + "/outside", withIntermediateDirectories: false)
            for entries in [
                [Self.entry("d", .directory), Self.entry("d/f", .file(.bytes([])))],
                [Self.entry("d", .file(.bytes([])))],
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: directory + "/root/d",
                    withDestinationPath: "../outside"
                )
                #expect(throws: SystemError.self) { _ = try unpack(entries, into: directory + "/root") }
                try FileManager.default.removeItem(atPath: directory + "/root/d")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/outside").isEmpty)
        }
    }
}
