// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockNix
import DrydockOCI
import DrydockSandbox
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Store paths that files mention join the image, however much in the files looks like one.
@Suite struct StoreMentionTests {
    private static let mentioned = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-mentioned"
    private static let other = "/nix/store/zyxwvsrqpnmlkjihgfdcba9876543210-other"

    /// 32 digits in a row for each number, none of which is a path's.
    private static func lookalike(_ number: Int) -> String {
        let digits = Array("0123456789abcdfghijklmnpqrsvwxyz")
        return String(repeating: "z", count: 28) + String((0..<4).map { digits[number >> (5 * $0) & 31] })
    }

    /// The store paths of an image of one file with this text, from a store that nobody has registered.
    private static func storePaths(of text: String, script: String? = nil) async throws -> [String] {
        try await withBuild(of: text, script: script) { build, _ in
            try await build.plan().layers.flatMap(\.storePaths).sorted()
        }
    }

    private static func withBuild<Result>(
        of text: String,
        script: String? = nil,
        _ body: (_ build: ImageBuild, _ directory: String) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { directory in
            for path in [mentioned, other] {
                try FileManager.default.createDirectory(
                    atPath: directory + path,
                    withIntermediateDirectories: true
                )
            }
            try FileManager.default.createDirectory(atPath: directory + "/root", withIntermediateDirectories: true)
            try text.write(toFile: directory + "/root/file", atomically: false, encoding: .utf8)
            var spec = ImageSpec(name: "sample", directory: directory)
            spec.copyToRoot = ["root"]
            spec.scripts.extraCommands = script
            var environment = Pipeline.environment
            environment.temporaryDirectory = directory
            environment.scripts.abilities = SandboxAbilities(isRoot: true)
            environment.store = StoreSettings(uri: "local?root=" + directory)
            return try await body(ImageBuild(spec: spec, environment: environment), directory)
        }
    }

    @Test(arguments: [0, 1, 5_000])
    func `a mention is found among lookalikes`(count: Int) async throws {
        let noise = (0..<count).map(Self.lookalike)
        #expect(try await Self.storePaths(of: noise.joined(separator: "\n")) == [])
        // The files are read in pieces of 256 KiB, and the mention lies across a border.
        let text = noise.joined(separator: "\n")
        let gap = String(repeating: " ", count: (1 << 18) - 20 - text.utf8.count)
        #expect(try await Self.storePaths(of: text + gap + Self.mentioned) == [Self.mentioned])
        #expect(
            try await Self.storePaths(of: Self.mentioned + gap + text + " " + Self.other).sorted() == [
                Self.mentioned, Self.other,
            ]
        )
    }

    @Test(.requiresRoot)
    func `after scripts it counts what they leave, also of files that they have not touched`() async throws {
        let text = Self.lookalike(1) + " " + Self.mentioned
        let name = try #require(Self.other.split(separator: "/").last)
        let other = "echo \(name)"
        #expect(try await Self.storePaths(of: text, script: ":") == [Self.mentioned])
        #expect(
            try await Self.storePaths(of: text, script: "touch file; \(other) >new") == [Self.mentioned, Self.other]
        )
        #expect(try await Self.storePaths(of: text, script: "\(other) >file") == [Self.other])
        #expect(try await Self.storePaths(of: text, script: "rm file") == [])
    }

    @Test(arguments: ["docker-archive", "oci", "oci-archive"])
    func `the digest that is told is the one that is found there`(transport: String) async throws {
        try await Self.withBuild(of: Self.mentioned) { build, directory in
            let location = try ImageLocation("\(transport):\(directory)/image")
            let image = try await build.deliver(build.plan(), to: Destination(location), width: 2)
            #expect(try StoredImage(at: location).descriptor.digest == image.manifest.digest)
        }
    }
}
