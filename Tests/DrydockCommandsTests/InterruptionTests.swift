// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// A build that somebody ends before it is done.
@Suite
struct InterruptionTests {
    /// A way to build that takes far longer than a test may, as nothing but an end by force stops it.
    struct LongBuild: CustomTestStringConvertible {
        let name: String
        let arguments: [String]

        var testDescription: String { name }

        static let all = [
            LongBuild(name: "layout", arguments: ["-o", "oci:out", "--compress", "gzip"]),
            LongBuild(name: "oci-archive", arguments: ["-o", "oci-archive:out", "--compress", "zstd"]),
            LongBuild(
                name: "compressed docker-archive",
                arguments: ["-o", "docker-archive:out", "--compress", "gzip"]
            ),
            LongBuild(name: "standard output", arguments: ["-o", "-"]),
        ]
    }

    /// A directory with the spec of an image of 200 GB, which take no room.
    private func withLongBuild(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory + "/tmp", withIntermediateDirectories: false)
            try await Command.check(["truncate", "--size=200G", "file"], in: directory)
            try "name: case\nfiles: [{path: /a, source: file}]\n".write(
                toFile: directory + "/image.yaml",
                atomically: true,
                encoding: .utf8
            )
            try await body(directory)
        }
    }

    private func start(
        _ arguments: [String],
        in directory: String,
        through wrapper: [String] = []
    ) async throws -> RunningCommand {
        try await Command.start(
            wrapper + [DrydockProgram.path, "build", "image.yaml", "--progress", "none"] + arguments,
            environment: ["TMPDIR": directory + "/tmp"],
            in: directory,
            timeout: 60
        )
    }

    /// Everything in a directory, of all depths.
    private func names(in directory: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).sorted()
    }

    @Test(arguments: LongBuild.all, [SIGINT, SIGTERM])
    func `a signal ends the build, which leaves nothing behind`(_ build: LongBuild, signal: Int32) async throws {
        try await withLongBuild { directory in
            // Another program sends the signal, since a sleeping task may wait long for a thread behind other tests; and late
            // enough that the build listens for it even on a busy machine.
            let sender = ["timeout", "--preserve-status", "--signal=\(signal)", "4"]
            let running = try await start(build.arguments, in: directory, through: sender)
            let output = try await running.output()
            #expect(output.status == 128 + signal)
            #expect(output.errorText == "")
            #expect(try names(in: directory) == ["file", "image.yaml", "tmp"])
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal ends a command that waits for its spec`(signal: Int32) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["mkfifo", "image.yaml"], in: directory)
            let sender = ["timeout", "--preserve-status", "--signal=\(signal)", "4"]
            let command = sender + [DrydockProgram.path, "plan", "image.yaml"]
            let output = try await Command.run(command, in: directory)
            #expect(output.status == 128 + signal)
        }
    }

    @Test
    func `a build that is killed at any moment leaves no image, and the next one works`() async throws {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
        var moments = Moments(seed: seed)
        try await withTemporaryDirectory { directory in
            try "name: case\ntag: v1\nfiles: [{path: /a, source: file}]\n".write(
                toFile: directory + "/image.yaml",
                atomically: true,
                encoding: .utf8
            )
            try await Command.check(["truncate", "--size=30M", "file"], in: directory)
            for _ in 0..<12 {
                let arguments = ["build", "image.yaml", "-o", "oci:images", "--progress", "none"]
                let running = try await Command.start([DrydockProgram.path] + arguments, in: directory)
                try await Task.sleep(for: .milliseconds(moments.next()))
                running.signal(SIGKILL)
                _ = try await running.output()
                try await requireSound(directory, "seed \(seed)")
            }
            let output = try await DrydockProgram.run("build", "image.yaml", "-o", "oci:images", in: directory)
            #expect(output.status == 0, "seed \(seed)")
            let copied = try await Command.run(
                ["skopeo", "copy", "-q", "oci:images:case:v1", "dir:copy"],
                in: directory
            )
            #expect(copied.status == 0, "\(copied.errorText), seed \(seed)")
            let blobs = try names(in: directory + "/images/blobs/sha256")
            #expect(blobs.allSatisfy { $0.count == 64 }, "seed \(seed)")
        }
    }

    /// A layout holds no image or a whole one.
    private func requireSound(_ directory: String, _ comment: Comment) async throws {
        guard let index = FileManager.default.contents(atPath: directory + "/images/index.json") else { return }
        let document = try #require(try JSONSerialization.jsonObject(with: index) as? [String: Any], comment)
        let manifests = try #require(document["manifests"] as? [Any], comment)
        guard !manifests.isEmpty else { return }
        let output = try await DrydockProgram.run("inspect", "oci:images", in: directory)
        #expect(output.status == 0, comment)
    }

    /// Milliseconds between the start and the end of a build, the same for the same seed.
    private struct Moments {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        /// By SplitMix64.
        mutating func next() -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((value ^ (value >> 31)) % 700)
        }
    }
}
