// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Assertions of dockerTools' own test of nixpkgs, by their numbers: merged and exported images.
@Suite
struct DockerToolsArchiveTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 41: merged images have all their names, and run`() async throws {
        try await expectMerged("mergedBashAndRedis", of: ["bash", "redis"])
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 42: merged images without a tag have the automatic one`() async throws {
        try await expectMerged("mergedBashNoTagAndRedis", of: ["bashNoTag", "redis"])
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 43: owners in a merged image stay`() async throws {
        let merged = try await LibraryImage.loaded("mergedBashFakeRoot")
        let name = try await LibraryImage.named("layeredImageWithFakeRootCommands").reference
        #expect(try await merged.docker.run(image: name, ["/bin/stat", "-c", "%u", "/home/alice"]) == "1000")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 44: what only a script mentions is in a merged image`() async throws {
        let merged = try await LibraryImage.loaded("mergedBashFakeRoot")
        let name = try await LibraryImage.named("layeredImageWithFakeRootCommands").reference
        #expect(try await merged.docker.run(image: name, ["/hello/bin/hello"]) == "Hello, world!")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 45: images with three compressors are merged`() async throws {
        try await expectMerged("mergeVaryingCompressor", of: ["redis", "bashUncompressed", "bashZstdCompressed"])
    }

    private func expectMerged(_ example: String, of examples: [String]) async throws {
        let merged = try await LibraryImage.loaded(example)
        var names: Set<String> = []
        for each in examples { names.insert(try await LibraryImage.named(each).reference) }
        #expect(Set(merged.references) == names)
        for name in names {
            let program = name.hasPrefix("redis") ? "/bin/redis-server" : "/bin/bash"
            let version = try await merged.docker.run(image: name, [program, "--version"])
            #expect(!version.isEmpty)
        }
    }

    @Test(.requires("tar"), .requiresClosures)
    func `dockerTools 46: an exported image has its files`() async throws {
        let file = try await LibraryBuilds.example("exportBash")
        let names = try await Command.check(["tar", "--list", "--file", file]).split(separator: "\n")
        #expect(names.contains("bin/bash"))
    }
}
