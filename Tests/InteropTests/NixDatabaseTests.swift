// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Nix inside of a container, on the database that the image brings.
@Suite
struct NixDatabaseTests {
    /// Docker takes its time for every layer, and here they do not matter.
    private static let database: [String: JSON] = ["includeNixDB": .boolean(true), "maxLayers": .number(12)]

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `Nix finds every path of the image valid and complete`() async throws {
        let closures = try await NixClosures.shared
        let contents = try ["nix", "bash", "redis"].map(closures.path)
        try await withImage("drydock-nix-db", contents: contents) { image, docker in
            let verified = try await docker.run(
                "run",
                "--rm",
                "--network=none",
                image,
                "/bin/nix-store",
                "--verify",
                "--check-contents"
            )
            #expect(verified.status == 0, "\(verified.errorText)")
            // Nix says so of a path whose content is not what was registered, and of one that is missing.
            #expect(!verified.errorText.contains("was modified"))
            #expect(!verified.errorText.contains("disappeared"))
            let script = "nix-store --query --hash \"$@\"; nix-store --query --requisites \"$@\""
            let found = try await docker.run(image: image, ["/bin/bash", "-euc", script, "sh"] + contents)
                .split(separator: "\n").map(String.init)
            let hashes = try await Nix.machine.check(["nix-store", "--query", "--hash"] + contents)
            #expect(found.prefix(contents.count).joined(separator: "\n") == hashes)
            #expect(try await found.dropFirst(contents.count).sorted() == Nix.machine.closure(of: contents))
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `another path can be installed in the container`() async throws {
        let closures = try await NixClosures.shared
        let hello = try closures.path("hello")
        let closure = try await Nix.machine.closure(of: [hello])
        try await withTemporaryDirectory { directory in
            let export = "nix-store --export \"$@\" >\(directory)/export"
            try await Nix.machine.check(["sh", "-c", export, "sh"] + closure)
            try await withImage("drydock-nix-import", contents: try ["nix", "bash"].map(closures.path)) {
                image,
                docker in
                let script =
                    "nix-store --import <\(directory)/export >/dev/null; \(hello)/bin/hello; nix-store --verify"
                let text = try await docker.run(
                    image: image,
                    ["/bin/bash", "-euc", script],
                    options: ["--volume", "\(directory):\(directory):ro"]
                )
                #expect(text == "Hello, world!")
            }
        }
    }

    @Test(.requiresClosures)
    func `one closure has one database, whatever the cache knows`() async throws {
        let redis = try await NixClosures.shared.path("redis")
        var images: [String] = []
        for name in ["redis", "again"] {
            try await withTemporaryDirectory { directory in
                let image = try StoreImage(name, contents: [redis], keys: Self.database, in: directory)
                let (cold, warm) = (try await image.build(), try await image.build())
                #expect(cold.imageID == warm.imageID)
                images.append(cold.imageID)
            }
        }
        #expect(images[0] == images[1])
    }

    /// Builds an image with a database, loads it, and calls `body` with its name.
    private func withImage(
        _ name: String,
        contents: [String],
        _ body: (String, Docker) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let image = try StoreImage(name, contents: contents, keys: Self.database, in: directory)
            try await image.build()
            let docker = try await DockerDaemon.shared.client()
            _ = try await docker.load(image.archive)
            try await body(name + ":test", docker)
        }
    }
}
