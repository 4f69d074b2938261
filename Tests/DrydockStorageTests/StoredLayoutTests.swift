// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// A layout that lies, and the sentence that says so behind the path.
struct HostileLayout: CustomTestStringConvertible, Sendable {
    let name: String
    let message: String
    let damage: @Sendable (ImageLayout, SampleImage) throws -> Void

    var testDescription: String { name }

    static let all = [
        HostileLayout(name: "no image", message: "holds no image") { layout, _ in
            try write(CanonicalJSON.encode(ImageIndex()), to: layout.path + "/index.json")
        },
        HostileLayout(name: "an index that is no JSON", message: "has an invalid index.json: unexpected end at byte 0")
        {
            layout,
            _ in
            try write([], to: layout.path + "/index.json")
        },
        HostileLayout(
            name: "an index with a key twice",
            message: "has an invalid index.json: duplicate key 'manifests' at byte 16"
        ) { layout, _ in
            try write(Array(#"{"manifests":[],"manifests":[]}"#.utf8), to: layout.path + "/index.json")
        },
        HostileLayout(
            name: "an index that is huge",
            message: "has a too large index.json: expected at most 4194304 bytes, got 4194305 bytes"
        ) { layout, _ in
            try write([UInt8](repeating: 32, count: 4 << 20 | 1), to: layout.path + "/index.json")
        },
        HostileLayout(
            name: "a digest that leads out of the layout",
            message:
                "has an invalid index.json: 'manifests[0].digest': Digest 'sha256:../../../etc/passwd' does not have "
                + "64 lower-case hexadecimal digits after 'sha256:'"
        ) { layout, _ in
            let text =
                #"{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"sha256:../../../etc/passwd","size":1}]}"#
            try write(Array(text.utf8), to: layout.path + "/index.json")
        },
        HostileLayout(name: "a manifest that is missing", message: "lacks image manifest MANIFEST\n\(incomplete)") {
            layout,
            image in
            try FileManager.default.removeItem(atPath: layout.blobPath(image.descriptor.digest))
        },
        HostileLayout(
            name: "a manifest of another size",
            message: "has a damaged image manifest: expected SIZE bytes, got 2 bytes"
        ) { layout, image in
            try write(Array("{}".utf8), to: layout.blobPath(image.descriptor.digest))
        },
        HostileLayout(
            name: "a manifest with other bytes",
            message: "has a damaged image manifest: expected digest MANIFEST, got OTHER"
        ) { layout, image in
            try write(other(of: image), to: layout.blobPath(image.descriptor.digest))
        },
        HostileLayout(
            name: "a manifest that claims to be huge",
            message: "has a too large image manifest: expected at most 4194304 bytes, got 9223372036854775807 bytes"
        ) { layout, image in
            var descriptor = image.descriptor
            descriptor.size = .max
            try write(CanonicalJSON.encode(ImageIndex(manifests: [descriptor])), to: layout.path + "/index.json")
        },
        HostileLayout(
            name: "a configuration that is missing",
            message: "lacks image configuration CONFIG\n\(incomplete)"
        ) {
            layout,
            image in
            try FileManager.default.removeItem(atPath: layout.blobPath(image.manifest.config.digest))
        },
        HostileLayout(name: "a layer that is missing", message: "lacks layer LAYER\n\(incomplete)") { layout, image in
            try FileManager.default.removeItem(atPath: layout.blobPath(image.manifest.layers[0].digest))
        },
        HostileLayout(
            name: "a layer of another size",
            message: "has a damaged layer LAYER: expected 10240 bytes, got 1 bytes"
        ) { layout, image in
            try write([1], to: layout.blobPath(image.manifest.layers[0].digest))
        },
        HostileLayout(
            name: "more diffIDs than layers",
            message: "has an image whose configuration and layers differ: expected 2 layers, got 1"
        ) { layout, image in
            var image = image
            image.configuration.rootfs.diffIDs += image.configuration.rootfs.diffIDs
            try replaceIndex(of: layout, with: image.write(to: layout, name: nil))
        },
        HostileLayout(name: "something else than an image", message: "has something other than an image: 'text/plain'")
        {
            layout,
            _ in
            let bytes = Array("hello".utf8)
            try layout.addBlob(bytes)
            try replaceIndex(of: layout, with: Descriptor(of: bytes, mediaType: MediaType(rawValue: "text/plain")))
        },
        HostileLayout(
            name: "an artifact without image configuration",
            message: "has something other than an image: 'application/vnd.oci.empty.v1+json'"
        ) { layout, image in
            var manifest = image.manifest
            manifest.config.mediaType = MediaType(rawValue: "application/vnd.oci.empty.v1+json")
            let bytes = CanonicalJSON.encode(manifest)
            try layout.addBlob(bytes)
            try replaceIndex(of: layout, with: Descriptor(of: bytes, mediaType: .imageManifest))
        },
        HostileLayout(
            name: "indexes nested deep",
            message: "has image indexes nested too deep or too many: expected at most 8"
        ) { layout, image in
            var descriptor = image.descriptor
            for _ in 0..<9 {
                let bytes = CanonicalJSON.encode(ImageIndex(manifests: [descriptor]))
                try layout.addBlob(bytes)
                descriptor = Descriptor(of: bytes, mediaType: .imageIndex)
            }
            try replaceIndex(of: layout, with: descriptor)
        },
        HostileLayout(
            name: "very many manifests",
            message: "has image indexes nested too deep or too many: expected at most 1024"
        ) { layout, _ in
            let many = (0..<2000).map { Descriptor(of: Array("\($0)".utf8), mediaType: .imageManifest) }
            let bytes = CanonicalJSON.encode(ImageIndex(manifests: many))
            try layout.addBlob(bytes)
            try replaceIndex(of: layout, with: Descriptor(of: bytes, mediaType: .imageIndex))
        },
    ]

    private static let incomplete = "hint: the image is incomplete: get it again"

    private static func replaceIndex(of layout: ImageLayout, with descriptor: Descriptor) throws {
        try write(CanonicalJSON.encode(ImageIndex(manifests: [descriptor])), to: layout.path + "/index.json")
    }

    /// As many bytes as the image's manifest has, but others.
    static func other(of image: SampleImage) -> [UInt8] { [UInt8](repeating: 32, count: Int(image.descriptor.size)) }

    /// The message with the values of an image.
    func message(for image: SampleImage) -> String {
        [
            "MANIFEST": "\(image.descriptor.digest)", "CONFIG": "\(image.manifest.config.digest)",
            "LAYER": "\(image.manifest.layers[0].digest)", "SIZE": "\(image.descriptor.size)",
            "OTHER": "\(Digest(of: Self.other(of: image)))",
        ].reduce(message) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
    }
}

@Suite struct StoredLayoutTests {
    private func failure(_ location: String, _ platform: Platform? = nil) throws -> String {
        let location = try ImageLocation(location)
        return try #require(throws: ImageStorageFailure.self) {
            try StoredImage(at: location, platform: platform)
        }.description
    }

    @Test(arguments: HostileLayout.all)
    func `a hostile layout is refused`(hostile: HostileLayout) async throws {
        let image = try await SampleImage("hello")
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try image.write(to: layout, name: nil)
            try hostile.damage(layout, image)
            #expect(try failure(path) == "'\(path)' \(hostile.message(for: image))")
        }
    }

    @Test func `an image is described`() async throws {
        let image = try await SampleImage("hello").compressed()
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try image.write(to: layout, name: "b")
            try image.write(to: layout, name: "a/b:c")
            let stored = try StoredImage(at: ImageLocation("oci:\(path):b"))
            #expect(stored.transport == .ociLayout)
            #expect(stored.manifestBytes == CanonicalJSON.encode(image.manifest))
            #expect(stored.descriptor.digest == image.descriptor.digest)
            #expect(stored.configurationBytes == image.configurationBytes)
            #expect(stored.configuration == image.configuration)
            #expect(stored.imageID == image.manifest.config.digest)
            #expect(stored.references == ["b", "a/b:c"])
            #expect(stored.platform.satisfies(.host))
            let layer = try #require(stored.layers.first)
            #expect(stored.layers.count == 1)
            #expect(layer.diffID == image.configuration.rootfs.diffIDs[0])
            #expect(layer.descriptor == Descriptor(of: image.layers[0], mediaType: .layerGzip))
            #expect(layer.createdBy == "echo hello")
        }
    }

    @Test func `one of several images is chosen by name or digest`() async throws {
        let first = try await SampleImage("first")
        let second = try await SampleImage("second")
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try first.write(to: layout, name: "first")
            try second.write(to: layout, name: nil)
            let digest = second.descriptor.digest
            #expect(
                try StoredImage(at: ImageLocation("oci:\(path):first")).descriptor.digest == first.descriptor.digest
            )
            #expect(try StoredImage(at: ImageLocation("oci:\(path):\(digest)")).descriptor.digest == digest)
            #expect(
                try failure(path)
                    == "'\(path)' holds several images\nhint: choose one of 'first', '\(digest)'"
            )
            #expect(
                try failure("oci:\(path):third")
                    == "'\(path)' has no image 'third'\nhint: it has 'first', '\(digest)'"
            )
        }
    }

    @Test func `the full name of containerd is understood`() async throws {
        let image = try await SampleImage("hello")
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try image.write(to: layout, name: nil)
            var descriptor = image.descriptor
            descriptor.annotations = ["io.containerd.image.name": "docker.io/library/redis:7"]
            try layout.addImage(descriptor, referenceName: "7")
            try SampleImageIndex.add(Descriptor(of: [1], mediaType: .imageManifest), to: layout)
            #expect(try StoredImage(at: ImageLocation("oci:\(path):redis:7")).imageID == image.manifest.config.digest)
        }
    }

    @Test func `one of several platforms is chosen`() async throws {
        let arm = try await SampleImage("arm", platform: Platform("linux/arm/v6"))
        let windows = try await SampleImage("windows", platform: Platform("windows/amd64"))
        let host = try await SampleImage("host")
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try SampleImageIndex.write([arm, windows, host], attested: host, to: layout, name: "all")
            #expect(try StoredImage(at: ImageLocation(path)).descriptor.digest == host.descriptor.digest)
            let chosen = try StoredImage(at: ImageLocation("oci:\(path):all"), platform: Platform("linux/arm/v6"))
            #expect(chosen.descriptor.digest == arm.descriptor.digest)
            #expect(chosen.references == ["all"])
            #expect(
                try failure(path, Platform("linux/s390x/x"))
                    == "'\(path)' has no image for linux/s390x/x\n"
                    + "hint: it has linux/arm/v6, windows/amd64, \(Platform.host)"
            )
        }
    }

    @Test func `a single image is taken whatever it runs on unless a platform is asked for`() async throws {
        let arm = try await SampleImage("arm", platform: Platform("linux/arm/v6"))
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try SampleImageIndex.write([arm], attested: arm, to: layout, name: nil)
            #expect(try StoredImage(at: ImageLocation(path)).platform == Platform("linux/arm/v6"))
            #expect(
                try failure(path, .host)
                    == "'\(path)' has no image for \(Platform.host)\nhint: it has linux/arm/v6"
            )
        }
    }

    @Test func `a layer that must not be distributed may be missing`() async throws {
        var image = try await SampleImage("hello")
        image.layerType = MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar")
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            var manifest = image.manifest
            manifest.layers[0].urls = ["https://example.com/layer"]
            let bytes = CanonicalJSON.encode(manifest)
            try layout.addBlob(bytes)
            try layout.addBlob(image.configurationBytes)
            try layout.addImage(Descriptor(of: bytes, mediaType: .imageManifest), referenceName: nil)
            #expect(try StoredImage(at: ImageLocation(path)).layers.count == 1)
        }
    }

    @Test func `a directory that is no layout is refused`() async throws {
        try await withTemporaryDirectory { (path: String) throws in
            #expect(
                try failure(path)
                    == "'\(path)' is not an image: expected a docker-archive, an OCI image layout or an oci-archive"
            )
            #expect(try failure("oci:\(path)") == "'\(path)' is not an OCI image layout")
            #expect(try failure("docker-archive:\(path)") == "'\(path)' is not a file")
        }
    }
}

/// Indexes of several images.
enum SampleImageIndex {
    /// Writes an index within the layout that names the images' platforms, and one of BuildKit's attestations.
    static func write(_ images: [SampleImage], attested: SampleImage, to layout: ImageLayout, name: String?) throws {
        var manifests = try images.map { image in
            for bytes in image.layers + [image.configurationBytes, CanonicalJSON.encode(image.manifest)] {
                try layout.addBlob(bytes)
            }
            var descriptor = image.descriptor
            descriptor.platform = image.configuration.platform
            return descriptor
        }
        var attestation = attested.manifest.config
        attestation.mediaType = .imageManifest
        attestation.platform = Platform(os: "unknown", architecture: "unknown")
        manifests.append(attestation)
        let bytes = CanonicalJSON.encode(ImageIndex(manifests: manifests))
        try layout.addBlob(bytes)
        try layout.addImage(Descriptor(of: bytes, mediaType: .imageIndex), referenceName: name)
    }

    /// Adds an entry whose blob does not matter.
    static func add(_ descriptor: Descriptor, to layout: ImageLayout) throws {
        try layout.addImage(descriptor, referenceName: "other")
    }
}
