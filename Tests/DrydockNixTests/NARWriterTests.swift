// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import Testing

@Suite struct NARWriterTests {
    @Test func `a file has these bytes`() {
        var writer = NARWriter()
        var bytes: [UInt8] = []
        #expect(!writer.isFinished)
        writer.beginFile("", size: 3, isExecutable: true, to: &bytes)
        bytes += Array("abc".utf8)
        #expect(!writer.isFinished)
        writer.endFile(to: &bytes)
        #expect(writer.isFinished)
        let golden = [
            "0d00000000000000", "6e69782d61726368", "6976652d31000000",  // nix-archive-1
            "0100000000000000", "2800000000000000",  // (
            "0400000000000000", "7479706500000000",  // type
            "0700000000000000", "726567756c617200",  // regular
            "0a00000000000000", "65786563757461626c65000000000000",  // executable
            "0000000000000000",
            "0800000000000000", "636f6e74656e7473",  // contents
            "0300000000000000", "6162630000000000",  // abc
            "0100000000000000", "2900000000000000",  // )
        ]
        #expect(Hex.encode(bytes) == golden.joined())
    }

    @Test func `a tree has the strings of the format`() {
        let written = NARWriter.bytes(of: [
            .event(.directory(name: "")),
            .event(.symlink(name: "A", target: "../x")),
            .event(.directory(name: "empty")), .event(.endOfDirectory),
            .event(.directory(name: "sub")),
            .event(.file(name: "f", size: 8, isExecutable: false)), .content(Array("12345678".utf8)),
            .event(.endOfDirectory),
            .event(.endOfDirectory),
        ])
        var expected = NARBuilder()
        expected.add("(", "type", "directory")
        expected.add("entry", "(", "name", "A", "node", "(", "type", "symlink", "target", "../x", ")", ")")
        expected.add("entry", "(", "name", "empty", "node", "(", "type", "directory", ")", ")")
        expected.add("entry", "(", "name", "sub", "node", "(", "type", "directory")
        expected.add("entry", "(", "name", "f", "node", "(", "type", "regular", "contents", "12345678", ")", ")")
        expected.add(")", ")", ")")
        #expect(written == expected.bytes)
    }

    @Test func `names out of order are a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = NARWriter()
            var bytes: [UInt8] = []
            writer.beginDirectory("", to: &bytes)
            writer.symlink("b", target: "x", to: &bytes)
            writer.symlink("a", target: "x", to: &bytes)
        }
    }

    @Test func `a name that no file can have is a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = NARWriter()
            var bytes: [UInt8] = []
            writer.beginDirectory("", to: &bytes)
            writer.beginDirectory("..", to: &bytes)
        }
    }

    @Test func `a second root is a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = NARWriter()
            var bytes: [UInt8] = []
            writer.symlink("", target: "x", to: &bytes)
            writer.symlink("", target: "x", to: &bytes)
        }
    }

    @Test func `an entry inside a file is a mistake of the program`() async {
        await #expect(processExitsWith: .failure) {
            var writer = NARWriter()
            var bytes: [UInt8] = []
            writer.beginFile("", size: 0, isExecutable: false, to: &bytes)
            writer.symlink("", target: "x", to: &bytes)
        }
    }
}
