// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Assertions of dockerTools' own test of nixpkgs, by their numbers: images on top of others.
@Suite
struct DockerToolsBaseTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 22: an image on an image in layers runs`() async throws {
        #expect(try await LibraryImage.loaded("layered-on-top").run() == "hello")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 23: an image in layers on another one runs`() async throws {
        let image = try await LibraryImage.loaded("layered-on-top-layered")
        #expect(try await image.run() == "hello")
        // What the base has is not packed again.
        let base = try await LibraryImage.loaded("layered-image").diffIDs()
        let all = try await image.diffIDs()
        #expect(Array(all.prefix(base.count)) == base)
        #expect(Set(all).count == all.count)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 25: of three layers the uppermost that has a file counts`() async throws {
        let image = try await LibraryImage.loaded("layersOrder")
        let text = try await image.run(["/bin/cat", "/tmp/layer1", "/tmp/layer2", "/tmp/layer3"])
        #expect(text == "layer1\nlayer2\nlayer3")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 27: a base may have one layer twice`() async throws {
        let image = try await LibraryImage.loaded("repeatedLayer")
        #expect(try await image.run(["/bin/bash", "-c", "echo $(</repeated)"]) == "repeated")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 28: an image has the variables of its base and its own`() async throws {
        try await expectVariables(of: "environmentVariables")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 29: an image in layers has the variables of its base and its own`() async throws {
        try await expectVariables(of: "environmentVariablesLayered")
    }

    private func expectVariables(of example: String) async throws {
        let lines = try await LibraryImage.loaded(example).run(["/bin/env"]).split(separator: "\n")
        for line in ["FROM_PARENT=true", "FROM_CHILD=true", "LAST_LAYER=child"] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 30: a variable that both set is there once`() async throws {
        let config = try await LibraryImage.loaded("environmentVariablesLayered").inspect()["Config"]
        let environment = try #require(config?["Env"]?.elements)
        let variables = environment.compactMap(\.string)
        #expect(variables.filter { $0.hasPrefix("LAST_LAYER=") } == ["LAST_LAYER=child"])
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 33: the layers of a base count`() async throws {
        let image = try await LibraryImage.loaded("layered-bulk-layer")
        #expect(try await image.run(["/bin/ls", "/bin/hello"]) == "/bin/hello")
        #expect(try await image.diffIDs().count == 4)
    }
}
