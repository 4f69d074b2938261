// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Testing

/// The root file system of an image, computed from the members of its layers.
@Suite
struct LayeredTreeTests {
    /// Layers, and what they make up.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let layers: [[LayerMember]]
        let lines: [String]

        init(_ description: String, _ layers: [[LayerMember]], _ lines: [String]) {
            testDescription = description
            self.layers = layers
            self.lines = lines
        }
    }

    private typealias L = Layers

    static let cases = [
        Case(
            "a later layer wins",
            [[L.directory("d"), L.file("d/f", "1"), L.file("g", "1")], [L.file("d/f", "2")]],
            ["d/", "d/f = 2", "g = 1"]
        ),
        Case(
            "a whiteout deletes a file and a tree",
            [
                [L.directory("d"), L.file("d/f"), L.directory("e"), L.directory("e/e"), L.file("e/e/f")],
                [L.whiteout("d/.wh.f"), L.whiteout(".wh.e")],
            ],
            ["d/"]
        ),
        Case(
            "a whiteout does not concern its own layer, wherever it stands",
            [
                [L.file("a", "1"), L.file("b", "1")],
                [L.file("a", "2"), L.whiteout(".wh.a"), L.whiteout(".wh.b"), L.file("b", "2")],
            ],
            ["a = 2", "b = 2"]
        ),
        Case(
            "a whiteout of a directory that comes anew leaves nothing of the old one",
            [[L.directory("d"), L.file("d/old")], [L.whiteout(".wh.d"), L.directory("d"), L.file("d/new")]],
            ["d/", "d/new = "]
        ),
        Case(
            "an opaque directory hides what lower layers have in it",
            [
                [L.directory("d"), L.file("d/a"), L.directory("d/e"), L.file("d/e/b")],
                [L.directory("d"), L.file("d/c"), L.whiteout("d/.wh..wh..opq"), L.directory("d/e")],
            ],
            ["d/", "d/c = ", "d/e/"]
        ),
        Case(
            "an opaque root hides everything",
            [[L.file("a"), L.file("b")], [L.file(".wh..wh..opq"), L.file("c")]],
            ["c = "]
        ),
        Case(
            "a whiteout of nothing does nothing",
            [[L.file("a")], [L.whiteout("x/.wh.b"), L.whiteout(".wh.c"), L.whiteout("a/.wh.b")]],
            ["a = "]
        ),
        Case(
            "what is deleted can come back",
            [[L.file("a", "1")], [L.whiteout(".wh.a")], [L.file("a", "3")]],
            ["a = 3"]
        ),
        Case(
            "a hard link keeps the content of a target that is deleted or replaced later",
            [
                [L.file("a", "1"), L.hardLink("b", to: "a"), L.file("c", "1"), L.hardLink("d", to: "./c")],
                [L.whiteout(".wh.a"), L.file("c", "2")],
            ],
            ["b = 1", "c = 2", "d = 1"]
        ),
        Case(
            "a hard link to a file of a lower layer",
            [[L.file("a", "1")], [L.hardLink("b", to: "/a")]],
            ["a = 1", "b = 1"]
        ),
        Case(
            "a hard link keeps what its target was when it was made",
            [[L.file("a", "1"), L.hardLink("b", to: "a"), L.file("a", "2"), L.hardLink("b", to: "b")]],
            ["a = 2", "b = 1"]
        ),
        Case(
            "a directory over a file and back",
            [
                [L.file("a", "1"), L.directory("b"), L.file("b/c")],
                [L.directory("a"), L.file("a/x"), L.file("b", "2")],
                [L.file("a", "3"), L.directory("b")],
            ],
            ["a = 3", "b/"]
        ),
        Case(
            "a directory over a directory keeps what is in it",
            [[L.directory("a"), L.file("a/b")], [L.directory("a", mode: 0o700)]],
            ["a/", "a/b = "]
        ),
        Case(
            "of repeated members the last one counts",
            [[L.file("a", "1"), L.link("a", to: "x"), L.file("./a", "2"), L.directory("b"), L.directory("./b/")]],
            ["a = 2", "b/"]
        ),
        Case(
            "directories that no member mentions",
            [[L.file("/a/b/c")], [L.file("a/b/d")]],
            ["a/", "a/b/", "a/b/c = ", "a/b/d = "]
        ),
        Case(
            "a name leads through the links of its own layer, and stays within the root",
            [
                [
                    L.directory("usr"), L.link("lib", to: "usr/lib"), L.file("lib/x"),
                    L.link("up", to: "../../../usr"), L.file("up/y"), L.link("abs", to: "/usr"), L.file("abs/z"),
                ]
            ],
            [
                "abs -> /usr", "lib -> usr/lib", "up -> ../../../usr", "usr/", "usr/lib/", "usr/lib/x = ", "usr/y = ",
                "usr/z = ",
            ]
        ),
        Case(
            "a directory takes the place of a lower layer's link, as an overlay has it",
            [[L.directory("usr"), L.link("bin", to: "usr")], [L.file("bin/x")]],
            ["bin/", "bin/x = ", "usr/"]
        ),
        Case(
            "what AUFS has left behind",
            [
                [
                    L.directory(".wh..wh.plnk"), L.file(".wh..wh.plnk/77.1", "shared"), L.file(".wh..wh.aufs"),
                    L.hardLink("a", to: ".wh..wh.plnk/77.1"), L.hardLink("b", to: ".wh..wh.plnk/77.1"),
                    L.directory(".wh..wh.orph"), L.file("d/.wh..wh.aufs"),
                ]
            ],
            ["a = shared", "b = shared"]
        ),
    ]

    @Test(arguments: cases)
    func `layers make up what a container sees`(_ example: Case) throws {
        #expect(try Layers.lines(example.layers) == example.lines)
    }

    @Test
    func `names of one file are told apart from equal files`() throws {
        let tree = try Layers.tree([
            [
                Layers.file("a", "1"), Layers.hardLink("b", to: "a"), Layers.file("c", "1"),
                Layers.hardLink("d", to: "c"),
            ]
        ])
        #expect(tree[0].linkIdentity != nil)
        #expect(tree[0].linkIdentity == tree[1].linkIdentity)
        #expect(tree[2].linkIdentity == tree[3].linkIdentity)
        #expect(tree[0].linkIdentity != tree[2].linkIdentity)
    }

    @Test
    func `everything that a header says is kept, also of the root`() throws {
        var header = TarEntry(name: "./", kind: .directory, mode: 0o1750)
        header.uid = 7
        header.gid = 8
        header.userName = "u"
        header.groupName = "g"
        header.modificationTime = 99
        header.extendedAttributes = [ExtendedAttribute(name: "trusted.x", value: [1])]
        let tree = try Layers.tree([[LayerMember(entry: header, content: nil)]])
        #expect(tree.map(\.path) == [""])
        #expect(tree[0].attributes.mode == 0o1750)
        #expect(tree[0].attributes.owner == TreeEntry.Ownership(uid: 7, gid: 8, userName: "u", groupName: "g"))
        #expect(tree[0].attributes.modificationTime == 99)
        #expect(tree[0].attributes.extendedAttributes.map(\.name) == ["trusted.x"])
    }

    /// Members that nothing can be made of, and what is said of them.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let members: [LayerMember]
        let message: String
        var testDescription: String { message }

        init(_ members: [LayerMember], _ message: String) {
            self.members = members
            self.message = message
        }
    }

    static let refusals = [
        Refusal(
            [L.file("../a")],
            "Cannot use the archive 'image.tar': its member '../a' leads out of the archive"
        ),
        Refusal(
            [L.file("a"), L.hardLink("b", to: "../../etc/shadow")],
            "Cannot use the archive 'image.tar': its member '../../etc/shadow' leads out of the archive"
        ),
        Refusal(
            [L.hardLink("b", to: "a")],
            "Cannot read the archive 'image.tar': 'b' is a link to 'a', which is no file that comes before it"
        ),
        Refusal(
            [L.directory("a"), L.hardLink("b", to: "a")],
            "Cannot read the archive 'image.tar': 'b' is a link to 'a', which is no file that comes before it"
        ),
        Refusal([L.file("a"), L.file("a/b")], "Cannot read the archive 'image.tar': 'a/b' is below a file"),
        Refusal([L.file(".")], "Cannot read the archive 'image.tar': '.' is no directory"),
        Refusal(
            [L.link("a", to: "b"), L.link("b", to: "a"), L.file("a/x")],
            "Cannot read the archive 'image.tar': 'a/x' leads through links in a circle"
        ),
        Refusal(
            [L.file(".wh.a/b")],
            "Cannot use the archive 'image.tar': its member '.wh.a/b' is below the deletion of a file"
        ),
        Refusal(
            [L.file(".wh...")],
            "Cannot use the archive 'image.tar': its member '.wh...' is the deletion of no file"
        ),
        Refusal(
            [L.file(ByteString(String(repeating: "a/", count: 513) + "b"))],
            "Cannot pack 'image.tar': more than 512 directories inside each other"
        ),
    ]

    @Test(arguments: refusals)
    func `what no program can unpack is refused`(_ refusal: Refusal) throws {
        let error = try #require(throws: TreeError.self) { try Layers.tree([refusal.members]) }
        #expect("\(error)" == refusal.message)
    }

    @Test
    func `links cannot lead deeper than names`() throws {
        let step = ByteString(String(repeating: "d/", count: 300) + "x")
        var members: [LayerMember] = [Layers.file(step)]
        members.append(Layers.link("l", to: ByteString(String(repeating: "d/", count: 300))))
        members.append(Layers.file(ByteString("l/" + String(repeating: "e/", count: 300) + "y")))
        let error = try #require(throws: TreeError.self) { try Layers.tree([members]) }
        #expect(error.code == .tooDeep)
    }
}
