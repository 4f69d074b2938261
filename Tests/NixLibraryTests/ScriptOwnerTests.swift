// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Owners and modes that scripts give away in Nix' sandbox, where no other user exists.
@Suite
struct ScriptOwnerTests {
    @Test(
        .requires("tar"),
        .requiresClosures,
        arguments: [("fakeRootCommands", "4750"), ("enableFakechroot", "4750"), ("runAsRoot", "640")]
    )
    func `an image has the owners and modes that a script sets`(script: String, mode: String) async throws {
        let archive = try #require(try await Self.images()[script])
        try await withTemporaryDirectory { directory in
            try await Drydock.check(["export", "docker-archive:" + archive, "-o", directory + "/root.tar"])
            try await Command.check(["tar", "-xpf", directory + "/root.tar", "--same-owner", "-C", directory])
            let status = ["stat", "--format", "%u:%g %a", directory + "/srv", directory + "/srv/file"]
            #expect(try await Command.check(status).split(separator: "\n") == ["1000:100 755", "12345:54321 \(mode)"])
        }
    }

    @Test(.requiresClosures, .requiresRoot)
    func `builds that a relaxed sandbox lets out have the same layers`() async throws {
        let inside = try await Self.images()
        let outside = try await Self.images(options: ["--arg", "outside", "true"], sandbox: "relaxed")
        for script in ["fakeRootCommands", "enableFakechroot", "runAsRoot"] {
            #expect(inside[script] != outside[script])
            let layers = try await Self.layers(inside[script])
            #expect(!layers.isEmpty)
            #expect(try await Self.layers(outside[script]) == layers, "\(script)")
        }
    }

    /// The archives by the kind of script.
    private static func images(options: [String] = [], sandbox: String = "true") async throws -> [String: String] {
        let file = try await LibraryBuilds.build(file: "owners.nix", options: options, sandbox: sandbox)
        return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: URL(filePath: file)))
    }

    private static func layers(_ archive: String?) async throws -> [String] {
        try await Drydock.inspect("docker-archive:" + #require(archive)).diffIDs
    }
}
