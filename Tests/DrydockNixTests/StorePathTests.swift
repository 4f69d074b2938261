// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import Testing

@Suite
struct StorePathTests {
    private static let hash = "0123456789abcdfghijklmnpqrsvwxyz"

    @Test
    func `a store path has a hash part and a name`() throws {
        let path = try StorePath("/nix/store/\(Self.hash)-hello-2.12.1")
        #expect(path.hashPart == Self.hash)
        #expect(path.name == "hello-2.12.1")
        #expect(path.storeDirectory == "/nix/store")
        #expect(path.description == "/nix/store/\(Self.hash)-hello-2.12.1")
    }

    @Test
    func `a store may be in any directory`() throws {
        let path = try StorePath("/gnu/store/\(Self.hash)-x", storeDirectory: "/gnu/store")
        #expect(path.baseName == "\(Self.hash)-x")
    }

    @Test(arguments: ["/nix/store", "/nix/stores/x", "/nix/store/a/b", "nix/store/x", "/tmp/x"])
    func `a path elsewhere is refused`(text: String) {
        #expect(throws: StorePath.ParsingFailure.outsideStore(text, storeDirectory: "/nix/store")) {
            try StorePath(text)
        }
    }

    @Test(
        arguments: [
            "", "hello", "0123456789abcdfghijklmnpqrsvwxyz", "0123456789abcdfghijklmnpqrsvwxy-x",
            "e123456789abcdfghijklmnpqrsvwxyz-x", "0123456789ABCDFGHIJKLMNPQRSVWXYZ-x",
        ]
    )
    func `a name without a hash part is refused`(baseName: String) {
        #expect(throws: StorePath.ParsingFailure.malformedHash(baseName)) { try StorePath(baseName: baseName) }
    }

    @Test(arguments: ["", ".", "..", ".-x", "..-x", "a b", "ä", "a:b", String(repeating: "x", count: 212)])
    func `a name with other characters, or too long, is refused`(name: String) {
        let baseName = "\(Self.hash)-\(name)"
        #expect(throws: StorePath.ParsingFailure.malformedName(baseName)) { try StorePath(baseName: baseName) }
    }

    @Test(arguments: ["x", ".x", "...", "A+-._?=9", String(repeating: "x", count: 211)])
    func `a name with the characters of names is taken`(name: String) throws {
        #expect(try StorePath(baseName: "\(Self.hash)-\(name)").name == name)
    }
}
