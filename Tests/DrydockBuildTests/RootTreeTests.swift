// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockFiles
import DrydockPackages
import Testing

/// How the inputs of an image come together in one root file system.
@Suite
struct RootTreeTests {
    private var tree = RootTree(inputs: ["first", "second", "third"], style: Pipeline.style)

    @Test
    mutating func `parents come first and siblings by the bytes of their names`() throws {
        for path: ByteString in ["b/z", "b-c", "a", "b/a/x", "B", "b"] {
            try tree.insert(path == "b" ? directory(path) : file(path), from: 0)
        }
        #expect(paths(0..<1) == ["B", "a", "b", "b/a", "b/a/x", "b/z", "b-c"])
    }

    @Test
    mutating func `directories that nobody mentions have mode 0755 and the image's owner and time`() throws {
        try tree.insert(file("usr/share/doc/x"), from: 1)
        let entries = tree.entries(of: 1..<2)
        #expect(entries.map(\.path) == ["usr", "usr/share", "usr/share/doc", "usr/share/doc/x"])
        let attributes = TreeEntry.Attributes(mode: 0o755, owner: .root, modificationTime: 1)
        for entry in entries.dropLast() {
            #expect(entry == TreeEntry(path: entry.path, node: .directory, attributes: attributes))
        }
    }

    @Test
    mutating func `the later of two files wins and takes it into its layer`() throws {
        try tree.insert(file("etc/x", "old"), from: 0)
        try tree.insert(file("etc/y", "stays"), from: 0)
        try tree.insert(file("etc/x", "new"), from: 1)
        #expect(paths(0..<1) == ["etc", "etc/y"])
        #expect(tree.entries(of: 1..<2).last == file("etc/x", "new"))
        try tree.insert(link("etc/x", to: "y"), from: 2)
        #expect(paths(1..<2) == [])
        #expect(paths(2..<3) == ["etc", "etc/x"])
    }

    @Test
    mutating func `an entry that repeats what is there stays in its first layer`() throws {
        for input in 0..<3 {
            try tree.insert(directory("lib"), from: input)
            try tree.insert(file("lib/libc.so", "same"), from: input)
            try tree.insert(link("lib/link", to: "libc.so"), from: input)
        }
        #expect(paths(0..<1) == ["lib", "lib/libc.so", "lib/link"])
        #expect(paths(1..<3) == [])
    }

    @Test
    mutating func `a link over a directory that nobody mentions takes its content along`() throws {
        try tree.insert(file("usr/lib/a/x"), from: 0)
        try tree.insert(file("lib/a/y"), from: 1)
        try tree.insert(file("lib/z"), from: 1)
        try tree.insert(link("lib", to: "usr/lib"), from: 2)
        #expect(paths(0..<1) == ["usr", "usr/lib", "usr/lib/a", "usr/lib/a/x"])
        #expect(paths(1..<2) == ["usr", "usr/lib", "usr/lib/a", "usr/lib/a/y", "usr/lib/z"])
        #expect(paths(2..<3) == ["lib"])
    }

    @Test(arguments: ["usr/lib", "lib", "lib/a"])
    mutating func `a link takes nothing along that is there already, or where it would lead into itself`(
        _ target: String
    ) throws {
        try tree.insert(file("usr/lib/a"), from: 0)
        try tree.insert(file("lib/a/y"), from: 1)
        let before = paths(0..<3)
        #expect(throws: ContentsConflict.self) { try tree.insert(link("lib", to: ByteString(target)), from: 2) }
        #expect(paths(0..<3) == before)
    }

    @Test
    mutating func `a hard link of another file is no repetition`() throws {
        var linked = file("x", "")
        linked.linkIdentity = FileStatus.Identity(device: 0, inode: 7)
        try tree.insert(file("x", ""), from: 0)
        try tree.insert(linked, from: 1)
        #expect(tree.entries(of: 1..<2) == [linked])
    }

    @Test
    mutating func `another mode is no repetition`() throws {
        try tree.insert(file("x", "same"), from: 0)
        try tree.insert(file("x", "same", mode: 0o600), from: 1)
        #expect(paths(0..<1) == [])
        #expect(tree.entries(of: 1..<2) == [file("x", "same", mode: 0o600)])
    }

    @Test
    mutating func `a directory's last attributes hold in every layer that names it`() throws {
        try tree.insert(directory("d", mode: 0o700), from: 0)
        try tree.insert(file("d/a"), from: 0)
        try tree.insert(directory("d", mode: 0o1777), from: 1)
        #expect(tree.entries(of: 0..<1) == [directory("d", mode: 0o1777), file("d/a")])
        #expect(tree.entries(of: 1..<2) == [directory("d", mode: 0o1777)])
    }

    @Test
    mutating func `the root itself is an entry only when an input mentions it`() throws {
        try tree.insert(file("x"), from: 0)
        #expect(paths(0..<1) == ["x"])
        try tree.insert(directory("", mode: 0o555), from: 1)
        #expect(tree.entries(of: 0..<1) == [directory("", mode: 0o555), file("x")])
        #expect(tree.entries(of: 1..<2) == [directory("", mode: 0o555)])
    }

    // MARK: Links

    @Test
    mutating func `a path through a link lands where it leads, and the link stays`() throws {
        try tree.insert(link("lib", to: "usr/lib"), from: 0)
        try tree.insert(file("lib/x"), from: 1)
        try tree.insert(directory("lib", mode: 0o700), from: 1)
        #expect(paths(0..<1) == ["lib"])
        #expect(tree.entries(of: 1..<2) == [directory("usr"), directory("usr/lib", mode: 0o700), file("usr/lib/x")])
    }

    @Test
    mutating func `a directory in the place of a link appears where the link leads`() throws {
        try tree.insert(link("lib", to: "usr/lib"), from: 0)
        try tree.insert(directory("lib", mode: 0o711), from: 1)
        #expect(tree.entries(of: 1..<2) == [directory("usr"), directory("usr/lib", mode: 0o711)])
    }

    @Test
    mutating func `a directory in the place of a link does not change the one that is there`() throws {
        try tree.insert(directory("usr/lib", mode: 0o755), from: 0)
        try tree.insert(link("lib", to: "usr/lib"), from: 0)
        try tree.insert(directory("lib", mode: 0o700), from: 1)
        #expect(paths(1..<2) == [])
        #expect(tree.entries(of: 0..<1).last == directory("usr/lib", mode: 0o755))
    }

    @Test
    mutating func `absolute links, links above and links of links are followed`() throws {
        try tree.insert(link("a/up", to: "../b/./real"), from: 0)
        try tree.insert(link("far", to: "/a/up"), from: 0)
        try tree.insert(link("top", to: "../../.."), from: 0)
        try tree.insert(file("far/x"), from: 1)
        try tree.insert(file("top/y"), from: 1)
        #expect(paths(1..<2) == ["b", "b/real", "b/real/x", "y"])
    }

    @Test
    mutating func `a file takes the place of a link without following it`() throws {
        try tree.insert(link("x", to: "y"), from: 0)
        try tree.insert(file("x"), from: 1)
        #expect(paths(0..<1) == [])
        #expect(paths(1..<2) == ["x"])
    }

    @Test
    mutating func `as many links as Linux follows are followed`() throws {
        for number in 0..<RootTree.maximumLinks {
            let target = number + 1 == RootTree.maximumLinks ? "end" : "l\(number + 1)"
            try tree.insert(link(ByteString("l\(number)"), to: ByteString(target)), from: 0)
        }
        try tree.insert(file("l0/x"), from: 1)
        #expect(paths(1..<2) == ["end", "end/x"])
        try tree.insert(link("longer", to: "l0"), from: 0)
        expectConflict(
            file("longer/x"),
            "Cannot put /longer/x of second into the image: the link /l39 of first leads in a circle"
        )
    }

    // MARK: Links between copied trees

    /// A tree whose first and second input are trees of `copyToRoot`.
    private func copying(keepsLinks: Bool) -> RootTree {
        RootTree(
            inputs: ["first", "second", "third"],
            style: Pipeline.style,
            copies: RootTree.Copies(inputs: 0..<2, keepsLinks: keepsLinks)
        )
    }

    /// Where the link of a copied tree leads that meets a directory of the next one.
    struct MeetingLink: CustomTestStringConvertible, Sendable {
        let target: String
        /// Whether the link stays where links are kept.
        let isFollowed: Bool
        var testDescription: String { target }
    }

    @Test(arguments: [
        MeetingLink(target: "var/lib", isFollowed: true),
        MeetingLink(target: "/var/lib", isFollowed: true),
        MeetingLink(target: "../var/./lib/../lib", isFollowed: true),
        MeetingLink(target: "chain", isFollowed: true),
        MeetingLink(target: "/var/lib/none", isFollowed: false),
        MeetingLink(target: "nowhere", isFollowed: false),
        MeetingLink(target: "file", isFollowed: false),
        MeetingLink(target: "file/x", isFollowed: false),
        MeetingLink(target: "data", isFollowed: false),
    ])
    mutating func `a directory takes the place of a copied link, unless that is kept and leads to a directory`(
        link meeting: MeetingLink
    ) throws {
        for keepsLinks in [false, true] {
            tree = copying(keepsLinks: keepsLinks)
            try tree.insert(directory("var/lib"), from: 0)
            try tree.insert(link("chain", to: "var/lib"), from: 0)
            try tree.insert(file("file"), from: 0)
            try tree.insert(link("data", to: ByteString(meeting.target)), from: 0)
            try tree.insert(directory("data", mode: 0o700), from: 1)
            try tree.insert(file("data/s"), from: 1)
            let isFollowed = keepsLinks && meeting.isFollowed
            let place: ByteString = isFollowed ? "var/lib" : "data"
            let expected = [directory(place, mode: 0o700), file(isFollowed ? "var/lib/s" : "data/s")]
            #expect(tree.entries(of: 1..<2).filter { $0.path != "var" } == expected)
            #expect(paths(0..<1).contains("data") == isFollowed)
        }
    }

    @Test
    mutating func `a directory over a copied link to the root leaves the root's mode as it is`() throws {
        tree = copying(keepsLinks: true)
        try tree.insert(link("all", to: "/"), from: 0)
        try tree.insert(directory("all", mode: 0o700), from: 1)
        try tree.insert(file("all/x"), from: 1)
        #expect(paths(0..<1) == ["all"])
        #expect(tree.entries(of: 1..<2) == [file("x")])
    }

    @Test(arguments: [false, true])
    mutating func `links of and for other inputs are followed as ever`(keepsLinks: Bool) throws {
        tree = copying(keepsLinks: keepsLinks)
        try tree.insert(link("lib", to: "usr/lib"), from: 2)
        try tree.insert(directory("lib"), from: 0)
        try tree.insert(file("lib/x"), from: 0)
        try tree.insert(link("data", to: "srv"), from: 1)
        try tree.insert(file("data/y"), from: 2)
        #expect(paths(0..<1) == ["usr", "usr/lib", "usr/lib/x"])
        #expect(paths(2..<3) == ["lib", "srv", "srv/y"])
    }

    // MARK: Conflicts

    @Test
    mutating func `a directory does not replace a file`() throws {
        try tree.insert(file("etc/x"), from: 0)
        expectConflict(
            directory("etc/x"),
            """
            Cannot put the directory /etc/x of second where first has a file
            hint: leave one of the two out, or move it
            """
        )
    }

    @Test
    mutating func `a file or link does not replace a directory`() throws {
        try tree.insert(directory("etc/x"), from: 0)
        try tree.insert(file("etc/x/y"), from: 0)
        let text = """
            Cannot put the file /etc/x of second where first has a directory
            hint: leave one of the two out, or move it
            """
        expectConflict(file("etc/x"), text)
        expectConflict(link("etc/x", to: "z"), text)
    }

    @Test
    mutating func `nothing stands below a file`() throws {
        try tree.insert(file("etc/x"), from: 0)
        try tree.insert(link("l", to: "etc/x"), from: 0)
        let hint = "\nhint: leave one of the two out, or move it"
        expectConflict(file("etc/x/y"), "Cannot put /etc/x/y of second below /etc/x, which is a file of first" + hint)
        expectConflict(file("l/y"), "Cannot put /l/y of second below /etc/x, which is a file of first" + hint)
        expectConflict(directory("l"), "Cannot put /l of second below /etc/x, which is a file of first" + hint)
    }

    @Test
    mutating func `links that lead in a circle are refused`() throws {
        try tree.insert(link("a", to: "b"), from: 0)
        try tree.insert(link("b", to: "a"), from: 0)
        let text = "Cannot put /a/x of second into the image: the link /a of first leads in a circle"
        expectConflict(file("a/x"), text)
        try tree.insert(link("self", to: "self/self"), from: 0)
        let own = "Cannot put /self/x of second into the image: the link /self of first leads in a circle"
        expectConflict(file("self/x"), own)
    }

    private mutating func expectConflict(
        _ entry: TreeEntry,
        _ text: String,
        location: SourceLocation = #_sourceLocation
    ) {
        var copy = tree
        let error = #expect(throws: ContentsConflict.self, sourceLocation: location) {
            try copy.insert(entry, from: 1)
        }
        #expect(error?.description == text, sourceLocation: location)
    }

    private func paths(_ owners: Range<Int>) -> [ByteString] { tree.entries(of: owners).map(\.path) }

    private func attributes(_ mode: UInt16) -> TreeEntry.Attributes {
        TreeEntry.Attributes(mode: mode, owner: .root, modificationTime: 1)
    }

    private func file(_ path: ByteString, _ text: String = "", mode: UInt16 = 0o644) -> TreeEntry {
        TreeEntry(path: path, node: .file(.bytes(Array(text.utf8))), attributes: attributes(mode))
    }

    private func directory(_ path: ByteString, mode: UInt16 = 0o755) -> TreeEntry {
        TreeEntry(path: path, node: .directory, attributes: attributes(mode))
    }

    private func link(_ path: ByteString, to target: ByteString) -> TreeEntry {
        TreeEntry(path: path, node: .symlink(target), attributes: attributes(0o777))
    }
}
