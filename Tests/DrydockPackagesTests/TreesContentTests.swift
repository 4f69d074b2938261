// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// The content of files, and files that are not what they were when they were found.
@Suite
struct ContentReaderTests {
    /// A change of the file `d/f`, which holds `0123456789`, after it was found.
    struct Change: CustomTestStringConvertible, Sendable {
        let script: String
        let error: @Sendable (String) -> any Error & Equatable
        var testDescription: String { script }
    }

    private static let changed: @Sendable (String) -> any Error & Equatable = { TreeError(.changed, $0 + "/d/f") }

    static let changes = [
        Change(script: "printf x >>d/f", error: changed),
        Change(script: "printf 012345678 >d/f", error: changed),
        Change(script: "touch -d @1 d/f", error: changed),
        Change(script: "printf abcdefghij >d/f; touch -d @3 d/f", error: changed),
        Change(script: "mv d/f d/g; cp -p d/g d/f", error: changed),
        Change(script: "rm d/f; mkdir d/f", error: changed),
        Change(script: "rm d/f; mkfifo d/f", error: changed),
        Change(script: "rm d/f") { SystemError("read", $0 + "/d/f", errorNumber: ENOENT) },
        Change(script: "mv d/f g; ln -s ../g d/f") { SystemError("read", $0 + "/d/f", errorNumber: ELOOP) },
        Change(script: "rm -r d") { SystemError("open", $0 + "/d", errorNumber: ENOENT) },
        Change(script: "rm -r d; touch d") { SystemError("open", $0 + "/d", errorNumber: ENOTDIR) },
    ]

    @Test(arguments: changes)
    func `a file that changed since it was found is an error`(change: Change) async throws {
        try await Trees.made(by: "mkdir d; printf 0123456789 >d/f; touch -d @2 d/f") { directory in
            let file = try file("d/f", in: directory)
            try await Command.check(["bash", "-euc", change.script], in: directory)
            let error = #expect(throws: (any Error).self) { try Trees.read(file, with: ContentReader()) }
            #expect(error.map { "\($0)" } == "\(change.error(directory))")
        }
    }

    @Test
    func `the change has a sentence for the person`() {
        #expect(
            TreeError(.changed, "/srv/f").description == """
                Cannot pack '/srv/f': it changed while the image was built
                hint: build again when nothing writes there
                """
        )
    }

    @Test
    func `a file that says it is empty and is not is an error`() throws {
        let status = try FileStatus(of: "/proc/self/status")
        let file = TreeFile(root: TreeRoot("/proc"), path: "self/status", status: status)
        #expect(throws: TreeError(.changed, "/proc/self/status")) {
            try Trees.read(.host(file), with: ContentReader())
        }
    }

    @Test
    func `a change while the file is read is noticed at its end`() async throws {
        try await Trees.made(by: "mkdir d; printf 0123456789 >d/f; touch -d @2 d/f") { directory in
            let reader = ContentReader()
            try reader.open(try file("d/f", in: directory))
            var bytes = [UInt8](repeating: 0, count: 10)
            let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
            #expect(count == 10)
            try await Command.check(["bash", "-c", "printf 9876543210 >d/f"], in: directory)
            #expect(throws: TreeError(.changed, directory + "/d/f")) { try reader.finish() }
        }
    }

    @Test
    func `a file that becomes shorter while it is read is an error at once`() async throws {
        try await Trees.made(by: "mkdir d; printf 0123456789 >d/f") { directory in
            let reader = ContentReader()
            try reader.open(try file("d/f", in: directory))
            var bytes = [UInt8](repeating: 0, count: 4)
            _ = try unsafe bytes.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
            try #require(unsafe truncate(directory + "/d/f", 4) == 0)
            #expect(throws: TreeError(.changed, directory + "/d/f")) {
                try unsafe bytes.withUnsafeMutableBytes { _ = try unsafe reader.read(into: $0) }
            }
        }
    }

    @Test
    func `a mode or name that changes does no harm`() async throws {
        try await Trees.made(by: "mkdir d; printf 0123456789 >d/f") { directory in
            let file = try file("d/f", in: directory)
            try await Command.check(["bash", "-c", "chmod 600 d/f; ln d/f other"], in: directory)
            #expect(try Trees.read(file, with: ContentReader()) == Array("0123456789".utf8))
        }
    }

    @Test
    func `one reader goes through files in any order of their directories`() async throws {
        let script = "mkdir -p a/b/c a/d e; for f in 1 a/2 a/b/3 a/b/c/4 a/d/5 e/6; do printf $f >$f; done"
        try await Trees.made(by: script) { directory in
            let paths = ["1", "a/2", "a/b/3", "a/b/c/4", "a/d/5", "e/6"]
            let reader = ContentReader()
            for path in paths + paths.reversed() + ["a/b/c/4", "1", "a/d/5", "a/b/3"] {
                #expect(try Trees.read(try file(path, in: directory), with: reader) == Array(path.utf8))
            }
            #expect(try Trees.read(.bytes([1, 2, 3]), with: reader, pieces: 2) == [1, 2, 3])
            #expect(try Trees.read(.bytes([]), with: reader) == [])
            // After an error the reader goes on with other files.
            let gone = try file("e/6", in: directory)
            try FileManager.default.removeItem(atPath: directory + "/e")
            #expect(throws: (any Error).self) { try reader.open(gone) }
            #expect(try Trees.read(try file("a/b/3", in: directory), with: reader) == Array("a/b/3".utf8))
        }
    }

    private func file(_ path: String, in directory: String) throws -> FileContent {
        let status = try FileStatus(of: "\(directory)/\(path)", followingLinks: false)
        return .host(TreeFile(root: TreeRoot(directory), path: ByteString(path), status: status))
    }
}
