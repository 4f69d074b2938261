// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix
import DrydockPackages
import DrydockTestSupport
import Glibc
import Testing

@Suite struct NARUnpackingTests {
    /// A NAR in memory.
    private struct ArrayNAR: NARSource {
        let bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(buffer.count, 10_000, bytes.count - position)
            unsafe buffer.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
    }

    /// A tree with one file, one executable file, one link and one empty directory.
    private static func sample() -> [UInt8] {
        var writer = NARWriter()
        var bytes: [UInt8] = []
        writer.beginDirectory("", to: &bytes)
        writer.beginFile("a", size: 5, isExecutable: false, to: &bytes)
        bytes += Array("hello".utf8)
        writer.endFile(to: &bytes)
        writer.beginDirectory("d", to: &bytes)
        writer.endDirectory(to: &bytes)
        writer.symlink("l", target: "../..", to: &bytes)
        writer.beginFile("x", size: 0, isExecutable: true, to: &bytes)
        writer.endFile(to: &bytes)
        writer.endDirectory(to: &bytes)
        return bytes
    }

    private static func names(in directory: String) throws -> [ByteString] { try HostDirectory(directory).names() }

    @Test(.requires("nix-store", "python3", "diff"), arguments: 0..<12)
    func `a NAR becomes the tree that Nix makes of it`(seed: Int) async throws {
        try await withTemporaryDirectory { directory in
            try await RandomTree.make(seed: seed, at: directory + "/tree")
            let dumped = try await Command.run(["nix-store", "--dump", directory + "/tree"]).standardOutput
            let size = try NARUnpacking(to: directory + "/unpacked").unpack(ArrayNAR(dumped))
            #expect(size == Int64(dumped.count))
            let again = try await Command.run(["nix-store", "--dump", directory + "/unpacked"])
            #expect(again.standardOutput == dumped, "seed \(seed)")
            let restored = try await Command.run(["nix-store", "--restore", directory + "/restored"], input: dumped)
            #expect(restored.status == 0, "\(restored.errorText)")
            try await Command.check(
                ["diff", "-r", "--no-dereference", directory + "/restored", directory + "/unpacked"]
            )
        }
    }

    @Test func `modes are those of a store, whatever the umask is`() async throws {
        try await withTemporaryDirectory { directory in
            try NARUnpacking(to: directory + "/tree").unpack(ArrayNAR(Self.sample()))
            let found = try await Command.check(
                ["find", "tree", "-printf", "%y %m %P %l\n"],
                in: directory
            )
            #expect(
                found.split(separator: "\n").sorted()
                    == ["d 555  ", "d 555 d ", "f 444 a ", "f 555 x ", "l 777 l ../.."]
            )
            #expect(try Self.names(in: directory) == ["tree"])
        }
    }

    @Test func `a file may be the root`() async throws {
        try await withTemporaryDirectory { directory in
            var writer = NARWriter()
            var bytes: [UInt8] = []
            writer.symlink("", target: "x", to: &bytes)
            try NARUnpacking(to: directory + "/link").unpack(ArrayNAR(bytes))
            #expect(try HostDirectory(directory).linkTarget(of: "link") == "x")
        }
    }

    @Test func `what is there is left alone`() async throws {
        try await Trees.made(by: "printf old > tree; mkdir empty; ln -s empty link") { directory in
            for name: ByteString in ["tree", "empty", "link"] {
                let path = "\(directory)/\(name)"
                #expect(throws: SystemError("create", path, errorNumber: EEXIST)) {
                    try NARUnpacking(to: path).unpack(ArrayNAR(Self.sample()))
                }
            }
            let names = try Self.names(in: directory) + Self.names(in: directory + "/empty")
            #expect(names == ["empty", "link", "tree"])
        }
    }

    @Test func `a NAR that ends early leaves nothing behind`() async throws {
        try await withTemporaryDirectory { directory in
            let sample = Self.sample()
            for length in stride(from: 0, to: sample.count, by: 24) {
                #expect(throws: NARReadingFailure(.truncated, at: Int64(length))) {
                    try NARUnpacking(to: directory + "/tree").unpack(ArrayNAR(Array(sample[..<length])))
                }
                let names = try Self.names(in: directory)
                #expect(names == [])
            }
            #expect(throws: NARReadingFailure(.trailingBytes, at: Int64(sample.count))) {
                try NARUnpacking(to: directory + "/tree").unpack(ArrayNAR(sample + [0]))
            }
            #expect(try Self.names(in: directory) == [])
        }
    }

    @Test func `a name that leads elsewhere writes nothing there`() async throws {
        try await withTemporaryDirectory { directory in
            // The name `a` becomes `..`, whose file would be beside the tree.
            let bytes = Self.sample()
            let name: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0x61]
            let place = try #require(bytes.indices.dropLast(9).first { Array(bytes[$0..<$0 + 9]) == name })
            var hostile = bytes
            hostile.replaceSubrange(place..<place + 10, with: [2, 0, 0, 0, 0, 0, 0, 0, 0x2E, 0x2E])
            #expect(throws: NARReadingFailure(.badName(".."), at: Int64(place))) {
                try NARUnpacking(to: directory + "/tree").unpack(ArrayNAR(hostile))
            }
            #expect(try Self.names(in: directory) == [])
        }
    }

    @Test func `a directory that is missing is named`() {
        #expect(throws: SystemError("open", "/nonexistent/x", errorNumber: ENOENT)) {
            try NARUnpacking(to: "/nonexistent/x/tree").unpack(ArrayNAR(Self.sample()))
        }
    }
}
