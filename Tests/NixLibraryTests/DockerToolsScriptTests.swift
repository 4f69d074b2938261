// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Assertions of dockerTools' own test of nixpkgs, by their numbers: scripts in the whole root file system.
@Suite
struct DockerToolsScriptTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 18: both scripts arrive as they were written`() async throws {
        let image = try await LibraryImage.loaded("runAsRootExtraCommands")
        #expect(try await image.run(["/bin/cat", "/runAsRoot", "/extraCommands"]) == "(runAsRoot)\n(extraCommand)")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 26: a script sees what those of the lower layers wrote`() async throws {
        #expect(try await LibraryImage.loaded("layersUnpackOrder").run(["/bin/cat", "/layer-order"]) == "abc")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `a script adds a file to a base image and nothing else`() async throws {
        let image = try await LibraryImage.loaded("runAsRootParentImage")
        let base = try await LibraryImage.loaded("bash").diffIDs()
        #expect(try await Array(image.diffIDs().prefix(base.count)) == base)
        #expect(try await image.run(["/bin/bash", "-c", "echo /example*"]) == "/example-file")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `a script runs in an image without programs, and what it refers to is in the image`() async throws {
        #expect(try await LibraryImage.loaded("runAsRootLink").run() == "Hello, world!")
    }
}
