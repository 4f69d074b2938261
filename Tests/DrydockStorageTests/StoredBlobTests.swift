// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

extension StoredBlobReader {
    /// All bytes, in pieces of an odd size.
    func all() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1003)
        while true {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe read(into: $0) }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }
}

@Suite struct StoredBlobTests {
    private func failure(_ body: () throws -> Void) throws -> String {
        try #require(throws: ImageStorageFailure.self) { try body() }.description
    }

    @Test(
        arguments: [["cat"], ["gzip", "-c"], ["zstd", "-qc"]],
        [["cat"], ["gzip", "-nc"], ["zstd", "-qc"], ["xz", "-c"], ["bzip2", "-c"]]
    )
    func `layers of a docker-archive are read in any mix of compression`(
        outer: [String],
        inner: [String]
    ) async throws {
        try await withTemporaryDirectory { directory in
            let plain = try await SampleImage("hello")
            var image = plain
            image.layers = [try await output(of: inner, input: plain.layers[0])]
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            try write(try await output(of: outer, input: tar), to: "\(directory)/image.tar")
            let stored = try StoredImage(at: ImageLocation("\(directory)/image.tar"), temporaryDirectory: directory)
            let blob = try stored.blob(ofLayer: 0)
            #expect(blob.descriptor == stored.layers[0].descriptor)
            #expect(blob.diffID == Digest(of: plain.layers[0]))
            #expect(try blob.open().all() == image.layers[0])
            #expect(try blob.openTar().all() == plain.layers[0])
            #expect((blob.extent == nil) == (outer != ["cat"]))
            #expect(try names(in: directory) == ["image.tar"])
        }
    }

    @Test func `an extent says where a plain file holds the bytes`() async throws {
        try await withTemporaryDirectory { directory in
            let image = try await SampleImage("hello")
            let path = "\(directory)/image.tar"
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            try write(tar, to: path)
            let extent = try #require(try StoredImage(at: ImageLocation(path)).blob(ofLayer: 0).extent)
            #expect(extent.path == path)
            #expect(Array(tar[Int(extent.offset)...].prefix(Int(extent.size))) == image.layers[0])
        }
    }

    @Test func `layers of layouts and of their archives are the blobs that are stored`() async throws {
        try await withTemporaryDirectory { directory in
            let plain = try await SampleImage("hello")
            let image = try await plain.compressed()
            try image.write(to: ImageLayout(creating: "\(directory)/layout"), name: "v1")
            let tar = try await output(of: ["tar", "-c", "-C", "\(directory)/layout", "."])
            try write(tar, to: "\(directory)/layout.tar")
            for path in ["layout", "layout.tar"] {
                let blob = try StoredImage(at: ImageLocation("\(directory)/\(path)")).blob(ofLayer: 0)
                #expect(blob.compression == .gzip)
                #expect(try blob.open().all() == image.layers[0])
                #expect(try blob.openTar().all() == plain.layers[0])
            }
        }
    }

    @Test func `members that are links or named several times give the same bytes`() async throws {
        try await withTemporaryDirectory { directory in
            var image = try await SampleImage("hello")
            image.layers.append(image.layers[0])
            image.configuration.rootfs.diffIDs.append(Digest(of: image.layers[0]))
            image.configuration.history = nil
            let links = ["m/layer.tar": "../kept/layer.tar"]
            var archived = image
            archived.layers.removeLast()
            let tar = try await HostileArchive.linkTar(
                archived,
                layerNames: ["kept/layer.tar", "m/layer.tar"],
                links: links
            )
            try write(tar, to: "\(directory)/image.tar")
            let stored = try StoredImage(at: ImageLocation("\(directory)/image.tar"))
            #expect(try stored.blob(ofLayer: 0).open().all() == image.layers[0])
            #expect(try stored.blob(ofLayer: 1).openTar().all() == image.layers[0])
            #expect(try stored.blob(ofLayer: 0).extent == stored.blob(ofLayer: 1).extent)
        }
    }

    @Test func `bytes that changed are found at the end`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            let image = try await SampleImage("hello")
            try image.write(to: layout, name: nil)
            let digest = Digest(of: image.layers[0])
            var changed = image.layers[0]
            changed[600] ^= 1
            try write(changed, to: layout.blobPath(digest))
            let blob = try StoredImage(at: ImageLocation(layout.path)).blob(ofLayer: 0)
            let sentence = "'\(layout.path)' has a damaged layer \(digest): expected digest \(digest), got "
            #expect(try failure { _ = try blob.open().all() } == sentence + "\(Digest(of: changed))")
            #expect(try failure { _ = try blob.openTar().all() } == sentence + "\(Digest(of: changed))")
            try write(Array(changed.prefix(700)), to: layout.blobPath(digest))
            #expect(
                try failure { _ = try blob.open().all() }
                    == "'\(layout.path)' has a damaged layer \(digest): expected \(changed.count) bytes, got 700 bytes"
            )
        }
    }

    @Test func `a layer whose tar has another digest is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            let plain = try await SampleImage("hello")
            var image = try await plain.compressed()
            let wrong = Digest(of: [1])
            image.configuration.rootfs.diffIDs = [wrong]
            try image.write(to: layout, name: nil)
            let blob = try StoredImage(at: ImageLocation(layout.path)).blob(ofLayer: 0)
            #expect(try blob.open().all() == image.layers[0])
            #expect(
                try failure { _ = try blob.openTar().all() }
                    == "'\(layout.path)' has a damaged layer \(wrong): expected digest \(wrong), got "
                    + "\(Digest(of: plain.layers[0]))"
            )
        }
    }

    @Test func `a layer that cannot be decompressed says why`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            var image = try await SampleImage("hello").compressed()
            image.layers[0].removeLast(4)
            try image.write(to: layout, name: nil)
            let reader = try StoredImage(at: ImageLocation(layout.path)).blob(ofLayer: 0).openTar()
            let message =
                "'\(layout.path)' has a damaged layer \(image.configuration.rootfs.diffIDs[0]): the gzip data ends too "
                + "early, after byte \(image.layers[0].count); get or write the file again"
            #expect(try failure { _ = try reader.all() } == message)
            #expect(try failure { _ = try reader.all() } == message)
        }
    }

    @Test func `a layer that expands without end is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            var image = try await SampleImage("hello")
            image.layerType = .layerGzip
            image.layers = [
                try await output(of: ["gzip", "-nc"], input: [UInt8](repeating: 0, count: 1 << 20))
            ]
            try image.write(to: layout, name: nil)
            var limits = DecompressionLimits()
            limits.ratioAllowance = 1 << 16
            let reader = try StoredImage(at: ImageLocation(layout.path)).blob(ofLayer: 0).openTar(limits: limits)
            #expect(
                try failure { _ = try reader.all() }
                    == "'\(layout.path)' has a damaged layer \(image.configuration.rootfs.diffIDs[0]): the gzip data "
                    + "expands to more than 256 times its size; raise the limit if you trust its origin"
            )
        }
    }

    @Test func `a layer that must be fetched from elsewhere has no bytes`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            let image = try await SampleImage("hello")
            var manifest = image.manifest
            manifest.layers[0].urls = ["https://example.com/layer"]
            let bytes = CanonicalJSON.encode(manifest)
            try layout.addBlob(image.configurationBytes)
            try layout.addBlob(bytes)
            try layout.addImage(Descriptor(of: bytes, mediaType: .imageManifest), referenceName: nil)
            let stored = try StoredImage(at: ImageLocation(layout.path))
            #expect(
                try failure { _ = try stored.blob(ofLayer: 0) }
                    == "'\(layout.path)' lacks layer \(image.manifest.layers[0].digest)\n"
                    + "hint: the image is incomplete: get it again"
            )
        }
    }
}
