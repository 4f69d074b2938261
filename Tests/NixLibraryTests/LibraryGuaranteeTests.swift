// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What dockerTools' own test leaves out.
@Suite
struct LibraryGuaranteeTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 53: store paths belong to the user that was given`() async throws {
        let image = try await LibraryImage.loaded("nonRootTestImage")
        let script = "stat -c %u:%g /nix /nix/store /nix/store/* | sort -u; stat -c %u:%g /bin"
        #expect(try await image.run(["/bin/bash", "-c", script], options: ["--env", "PATH=/bin"]) == "1000:1000\n0:0")
    }

    @Test(.requiresClosures, arguments: ["bashUncompressed", "layered-image", "nixLayered"])
    func `a second build of an image gives the same bytes`(example: String) async throws {
        _ = try await LibraryImage.named(example)
        // Nix compares the outputs, and fails when they differ.
        let output = try await LibraryBuilds.run(["--attr", "images.\(example)", "--check"])
        #expect(output.status == 0, "\(output.errorText)")
    }

    @Test(.requiresClosures)
    func `the history does not tell what a script's layer was built with`() async throws {
        let image = try await Drydock.inspect(LibraryImage.named("layered-image").path)
        #expect(image.layers.last?.createdBy == "drydock: copyToRoot layered-image-customisation-layer/layer.tar")
    }

    @Test(.requiresClosures)
    func `a stream and the image form have nothing but a description in the store`() async throws {
        let paths = try await [LibraryImage.named("nginxStream").path, LibraryBuilds.example("nginxDescription")]
        for path in paths {
            let size = try await Nix.machine.check(["nix-store", "--query", "--size", path])
            let bytes = try #require(Int(size))
            #expect(bytes < 10_000, "\(path)")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `the archive, the stream and the image form are one image`() async throws {
        let archive = try await Drydock.inspect(LibraryImage.named("nginx").path)
        let form = try await LibraryBuilds.example("nginxDescription.copyTo")
        let streamed = try await LibraryImage.named("nginxStream").path
        try await withTemporaryDirectory { directory in
            let environment = ["DRYDOCK_CACHE": directory + "/cache"]
            let layout = "oci:\(directory)/layout"
            try await Command.check([form + "/bin/copy-to", layout, "--compress", "none"], environment: environment)
            #expect(try await Drydock.inspect(layout).imageID == archive.imageID)
            let file = directory + "/stream.tar"
            try await Command.check(
                ["sh", "-c", "\"$0\" --progress none >\"$1\"", streamed, file],
                environment: environment
            )
            #expect(try await Drydock.inspect(file).imageID == archive.imageID)
        }
    }

    @Test(.requiresClosures)
    func `the default layers of dockerTools can be had, byte for byte`() async throws {
        let image = try await Drydock.inspect(LibraryBuilds.example("layersBySize"))
        let paths = image.layers.dropLast()
        #expect(paths.count > 2)
        // What the history says of a layer is what dockerTools would put into it.
        let archive = try await LibraryBuilds.example("layersBySize")
        let history = try await Command.check(["tar", "-xOf", archive, String(image.imageID.dropFirst(7)) + ".json"])
        let comments = try JSON(Array(history.utf8))["history"]?.elements.compactMap { $0["comment"]?.string } ?? []
        let layers = comments.map { $0.split(separator: "'").filter { $0.hasPrefix("/nix") }.map(String.init) }
        let expected = try await ReferenceLayer.digests(layers, in: .machine)
        #expect(Array(image.diffIDs.dropLast()) == expected.map(\.diffID))
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `layers that are derivations hold each store path once, and the image runs`() async throws {
        let image = try await LibraryImage.loaded("separate-layers")
        #expect(try await image.run() == "Hello, world!")
        let archive = try await LibraryImage.named("separate-layers").path
        let layers = try await Drydock.inspect(archive).layers
        // One for each package, and the links to them; what the packages have in common is in the first.
        #expect(layers.count == 4)
        #expect(layers.dropLast().allSatisfy { $0.createdBy?.hasSuffix("-layer/layer.tar") == true })
        let names = try await image.fileNames().filter { $0.hasPrefix("nix/store/") }
        #expect(Set(names).count == names.count)
        #expect(layers[2].size < layers[0].size)
    }
}
