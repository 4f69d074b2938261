// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images on top of images in a registry.
@Suite(.requires("docker-registry"))
struct RemoteBaseTests {
    private struct Place {
        let directory: String
        let authority: String
        let base: Drydock.Image
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }
        var locked: String { "\(authority)/base:1@\(base.digest)" }

        /// A spec on top of a reference.
        func spec(on reference: String, _ more: String = "") throws -> String {
            let path = directory + "/child.yaml"
            let text = """
                name: child
                tag: one
                fromImage: docker://\(reference)
                files: [{ path: /words, text: "on top of a pulled image" }]
                config: { Cmd: [/usr/bin/cat, /words] }
                \(more)
                """
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    /// Calls `body` with a registry that has the image `base:1`, behind a proxy that counts.
    private func withBase(_ body: (Place, FaultyProxy) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let spec = "name: base\ncontents: [{ executable: /usr/bin/cat }]\nfiles: [{ path: /lower, text: x }]\n"
            try spec.write(toFile: directory + "/base.yaml", atomically: true, encoding: .utf8)
            try await TestRegistry.withRegistry { registry in
                let base = try await Drydock.build(
                    directory + "/base.yaml",
                    to: "docker://\(registry.authority)/base:1",
                    environment: ["DRYDOCK_CACHE": directory + "/other"]
                )
                try await FaultyProxy.withProxy(before: registry) { proxy in
                    try await body(Place(directory: directory, authority: proxy.authority, base: base), proxy)
                }
            }
        }
    }

    private func build(_ place: Place, _ arguments: [String]) async throws -> Command.Output {
        try await Command.run(
            [Drydock.path, "build", "--progress", "none"] + arguments,
            environment: place.environment
        )
    }

    @Test(.requires("dockerd", "docker", "podman"), .requiresRoot)
    func `an image on top of a pulled image runs in Docker and Podman`() async throws {
        try await withBase { place, _ in
            let archive = place.directory + "/child.tar"
            let spec = try place.spec(on: "\(place.authority)/base:1")
            let built = try await build(place, [spec, "-o", archive])
            #expect(built.errorText == "note: fromImage is docker://\(place.locked)")
            let docker = try await DockerDaemon.shared.client()
            _ = try await docker.load(archive)
            #expect(try await docker.run(image: "child:one") == "on top of a pulled image")
            try await withPodman { podman in
                _ = try await podman.load(archive)
                #expect(try await podman.run(image: "child:one") == "on top of a pulled image")
            }
        }
    }

    @Test func `its compressed layers pass through unchanged, and are fetched once`() async throws {
        try await withBase { place, proxy in
            let spec = try place.spec(on: place.locked)
            for name in ["first", "second"] {
                let before = proxy.requests.count
                let output = try await build(place, ["--locked", spec, "-o", "oci:\(place.directory)/\(name)"])
                #expect(output.errorText == "")
                let image = try await Drydock.inspect("oci:\(place.directory)/\(name)")
                #expect(Array(image.layers.map(\.digest).dropLast()) == place.base.layers.map(\.digest))
                // What the cache has is not even asked for.
                #expect((proxy.requests.count == before) == (name == "second"))
            }
        }
    }

    @Test func `a locked build names the digest to write`() async throws {
        try await withBase { place, _ in
            let reference = "\(place.authority)/base:1"
            let spec = try place.spec(on: reference)
            for arguments in [["build", "-o", place.directory + "/x.tar"], ["plan"], ["stream"]] {
                let output = try await Command.run(
                    [Drydock.path] + arguments + [spec, "--locked"],
                    environment: place.environment
                )
                #expect(output.status == 1)
                #expect(
                    output.errorText == """
                        Error: Cannot use 'docker://\(reference)' with --locked: it has no digest
                        hint: write 'docker://\(place.locked)'
                        """
                )
            }
        }
    }

    @Test func `an image for another machine is refused`() async throws {
        try await withBase { place, _ in
            let spec = try place.spec(on: place.locked, "architecture: s390x")
            let output = try await build(place, [spec, "-o", place.directory + "/x.tar"])
            #expect(output.status == 1)
            #expect(
                output.errorText.hasPrefix("Error: Cannot use '\(place.locked)': there is no image for linux/s390x\n")
            )
        }
    }

    @Test func `a reference without a registry means the default one`() async throws {
        try await withBase { place, _ in
            let spec = try place.spec(on: "base:1")
            var environment = place.environment
            environment["DRYDOCK_DEFAULT_REGISTRY"] = place.authority
            let built = try await Drydock.build(
                spec,
                to: "oci:\(place.directory)/out",
                environment: environment
            )
            #expect(built.layers.first?.digest == place.base.layers.first?.digest)
            let digest = try await Drydock.check(["inspect", "--digest", "docker://base:1"], environment: environment)
            #expect(digest == place.base.digest)
        }
    }
}
