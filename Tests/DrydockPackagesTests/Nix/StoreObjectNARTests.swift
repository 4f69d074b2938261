// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockNix
import DrydockPackages
import DrydockTestSupport
import Glibc
import Testing

@Suite struct StoreObjectNARTests {
    private static func bytes(of path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try unsafe StoreObjectNAR(of: path).read { piece in bytes += unsafe Array(piece) }
        return bytes
    }

    @Test(.requires("nix-store", "nix", "python3"), arguments: 0..<12)
    func `a tree has the NAR and the hash that Nix gives it`(seed: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/tree"
            try await RandomTree.make(seed: seed, at: path)
            let dumped = try await Command.run(["nix-store", "--dump", path])
            try #require(dumped.status == 0, "\(dumped.errorText)")
            // Compared as a condition: the bytes would fill screens.
            #expect(try Self.bytes(of: path) == dumped.standardOutput, "seed \(seed)")
            let measure = try StoreObjectNAR(of: path).measure()
            #expect(measure.size == Int64(dumped.standardOutput.count))
            let command = ["nix", "--extra-experimental-features", "nix-command", "hash", "path", "--base32", path]
            #expect(measure.hash.nix32Form == "sha256:" + (try await Command.check(command)))
        }
    }

    @Test(
        .requires("nix-store"),
        arguments: [
            "printf hello > object", ": > object", "printf x > object; chmod 755 object", "ln -s /nowhere object",
            "mkdir object", "head -c 3000000 /dev/zero > object", "printf x > object; chmod 055 object",
            "printf x > object; chmod 0100 object",
        ]
    )
    func `each kind of root has the NAR that Nix gives it`(script: String) async throws {
        try await Trees.made(by: script) { directory in
            let dumped = try await Command.run(["nix-store", "--dump", directory + "/object"])
            try #require(dumped.status == 0, "\(dumped.errorText)")
            #expect(try Self.bytes(of: directory + "/object") == dumped.standardOutput)
        }
    }

    @Test func `the hash and the size are those of the bytes`() async throws {
        try await Trees.made(by: "mkdir object; printf hello > object/file; ln -s file object/link") { directory in
            let bytes = try Self.bytes(of: directory + "/object")
            let measure = try StoreObjectNAR(of: directory + "/object").measure()
            #expect(measure == NARMeasure(hash: Digest(of: bytes), size: Int64(bytes.count)))
            #expect(measure.description == "\(Digest(of: bytes).nix32Form) (\(bytes.count) bytes)")
        }
    }

    @Test func `the content is compared with what is registered`() async throws {
        try await Trees.made(by: "printf hello > object") { directory in
            let path = directory + "/object"
            let nar = StoreObjectNAR(of: path)
            let actual = try nar.measure()
            let storePath = try StorePath(baseName: "0123456789abcdfghijklmnpqrsvwxyz-x")
            try nar.verify(StoreObject(path: storePath, narHash: actual.hash, narSize: actual.size))
            try nar.verify(StoreObject(path: storePath, narSize: actual.size))
            let other = NARMeasure(hash: Digest(of: []), size: 5)
            let failure = #expect(throws: StoreObjectFailure(.mismatch(expected: other, actual: actual), path)) {
                try nar.verify(StoreObject(path: storePath, narHash: other.hash, narSize: other.size))
            }
            #expect(
                failure?.description
                    == "Store path '\(path)' does not have its registered content: expected "
                    + "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73 (5 bytes), got "
                    + "\(actual.hash.nix32Form) (120 bytes)\nhint: nix-store --repair-path '\(path)' fetches or builds it again"
            )
            #expect(throws: StoreObjectFailure.self) { try nar.verify(StoreObject(path: storePath, narSize: 121)) }
        }
    }

    @Test func `a missing path is named`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/missing"
            #expect(throws: SystemError("read", path, errorNumber: ENOENT)) { try StoreObjectNAR(of: path).measure() }
        }
    }

    @Test func `what no store object has is named`() async throws {
        try await Trees.made(by: "mkdir object; mkfifo object/pipe") { directory in
            let failure = #expect(throws: StoreObjectFailure.self) {
                try StoreObjectNAR(of: directory + "/object").measure()
            }
            #expect(
                failure?.description
                    == "Cannot use '\(directory)/object/pipe': it is a named pipe, and a store object has only "
                    + "directories, regular files and links"
            )
        }
    }

    @Test func `directories inside each other have a limit`() async throws {
        let script = "mkdir -p object/$(printf 'd/%.0s' {1..512})"
        try await Trees.made(by: script) { directory in
            let failure = #expect(throws: StoreObjectFailure.self) {
                try StoreObjectNAR(of: directory + "/object").measure()
            }
            #expect(failure?.code == .tooDeep)
            #expect(failure?.description.hasSuffix("': more than 512 directories inside each other") == true)
        }
    }

    @Test func `what the receiver throws ends the walk`() async throws {
        struct Stop: Error {}
        try await Trees.made(by: "head -c 1000000 /dev/zero > object") { directory in
            var count = 0
            #expect(throws: Stop.self) {
                try unsafe StoreObjectNAR(of: directory + "/object").read { _ in
                    count += 1
                    throw Stop()
                }
            }
            #expect(count == 1)
        }
    }

    @Test(arguments: ["printf x >> object", "truncate --size=700000 object"])
    func `a file that changes while it is read is named`(change: String) async throws {
        try await Trees.made(by: "head -c 1000000 /dev/zero > object") { directory in
            let path = directory + "/object"
            var pieces = 0
            let failure = #expect(throws: StoreObjectFailure(.changed, path)) {
                try unsafe StoreObjectNAR(of: path).read { _ in
                    pieces += 1
                    if pieces == 1 { _ = unsafe system("cd '\(directory)' && \(change)") }
                }
            }
            #expect(
                failure?.description
                    == "Cannot use '\(path)': it changed while it was read\nhint: try again when nothing writes to the store"
            )
        }
    }

    @Test func `a task that is cancelled stops`() async throws {
        try await Trees.made(by: "printf hello > object") { directory in
            let measuring = Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                return try StoreObjectNAR(of: directory + "/object").measure()
            }
            await #expect(throws: CancellationError.self) { try await measuring.value }
        }
    }
}
