// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What others unpack from an image, entry by entry, against what the spec and its sources say.
@Suite
struct UnpackTests {
    @Test(.requires("umoci", "skopeo", "python3", "zstd"), .requiresRoot, arguments: ["none", "gzip", "zstd"])
    func `umoci unpacks what the spec says`(compression: String) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await EverythingImage.make(in: directory)
            let layout = directory + "/layout"
            try await Drydock.build(spec, to: "oci:\(layout):v1", options: ["--compress", compression])
            #expect(try await ImageChecker.faults(of: layout) == [])
            #expect(try await ImageChecker.documentFaults(of: layout) == [])

            let readable = try await readableByUmoci(layout, compression: compression)
            try await Umoci.unpack(layout: readable, tag: "v1", to: directory + "/bundle")
            let expected = try await ImageChecker.expectedEntries(of: spec)
            try await compare(directory + "/bundle/rootfs", with: expected)
        }
    }

    /// umoci 0.4 does not know zstd: skopeo decompresses it, and compresses with gzip.
    private func readableByUmoci(_ layout: String, compression: String) async throws -> String {
        guard compression == "zstd" else { return layout }
        let copy = layout + "-gzip"
        let options = ["--dest-compress", "--dest-compress-format", "gzip"]
        try await Skopeo.copy("oci:\(layout):v1", "oci:\(copy):v1", options: options)
        return copy
    }

    @Test(.requires("podman", "python3", "zstd"), .requiresRoot, arguments: ["docker-archive", "oci-archive", "oci"])
    func `Podman unpacks what the spec says`(transport: String) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await EverythingImage.make(in: directory)
            let image = directory + "/image"
            let options = transport == "docker-archive" ? [] : ["--compress", "zstd"]
            let built = try await Drydock.build(spec, to: "\(transport):\(image)", options: options)
            #expect(try await ImageChecker.faults(of: image) == [])
            #expect(try await ImageChecker.documentFaults(of: image) == [])
            let expected = try await ImageChecker.expectedEntries(of: spec)

            try await withPodman { podman in
                let name = try #require(try await podman.load(image).first)
                let identifier = try await podman.check(["image", "inspect", "--format", "sha256:{{.Id}}", name])
                #expect(identifier == built.imageID)
                try await compare(try await podman.check(["image", "mount", name]), with: expected)
                try await podman.check(["image", "unmount", name])
            }
        }
    }

    private func compare(_ tree: String, with expected: [ImageChecker.Entry]) async throws {
        // The top is the unpacking program's: the spec says nothing of it.
        let actual = try await ImageChecker.entries(of: tree).filter { $0.path != "." }
        // Were the fixture to lose its entries, nothing would be compared.
        #expect(expected.count > 70)
        #expect(actual.map(\.path) == expected.map(\.path))
        for (actual, expected) in zip(actual, expected) { #expect(actual == expected) }
    }

    @Test(.requires("tar", "python3"), .requiresRoot)
    func `GNU tar lists every layer without a complaint`() async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await EverythingImage.make(in: directory)
            let archive = directory + "/image.tar"
            let image = try await Drydock.build(spec, to: "docker-archive:\(archive)")
            // It complains of POSIX's own `hdrcharset`, which says that a name is not UTF-8.
            let list = ["tar", "--warning=no-unknown-keyword", "--list", "--verbose", "--file"]
            let outer = try await Command.run(list + [archive])
            #expect(outer.status == 0)
            #expect(outer.errorText == "")
            let names = try await Command.check(["tar", "--list", "--file", archive]).split(separator: "\n")
            let layers = names.filter { $0.hasSuffix("/layer.tar") }
            #expect(layers.count == image.layers.count)
            for layer in layers {
                let tar = try await Command.run(["tar", "-xOf", archive, String(layer)])
                let listing = try await Command.run(list + ["-"], input: tar.standardOutput)
                #expect(listing.status == 0)
                #expect(listing.errorText == "")
            }
        }
    }
}
