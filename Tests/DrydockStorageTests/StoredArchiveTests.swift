// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// An archive that lies, and the sentence that says so behind the path.
struct HostileArchive: CustomTestStringConvertible, Sendable {
    let name: String
    let message: String
    let bytes: @Sendable (SampleImage) async throws -> [UInt8]

    var testDescription: String { name }

    private static let unrecognised =
        "is not an image: expected a docker-archive, an OCI image layout or an oci-archive"
    private static let incomplete = "hint: the image is incomplete: get it again"

    private static func changing(
        _ change: @escaping @Sendable (inout [String: [UInt8]]) -> Void
    ) -> @Sendable (SampleImage) async throws -> [UInt8] {
        { image in
            var files = image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"])
            change(&files)
            return try await SampleImage.tar(files)
        }
    }

    static let all = [
        HostileArchive(name: "an empty file", message: unrecognised) { _ in [] },
        HostileArchive(name: "a text", message: unrecognised) { _ in [UInt8](repeating: 65, count: 4096) },
        HostileArchive(name: "a tar with other files", message: unrecognised) { _ in
            try await SampleImage.tar(["file": [1]])
        },
        HostileArchive(
            name: "manifest.json that is no JSON",
            message: "has an invalid manifest.json: unexpected end at byte 1",
            bytes: changing { $0["manifest.json"] = [91] }
        ),
        HostileArchive(
            name: "no image",
            message: "holds no image",
            bytes: changing { $0["manifest.json"] = Array("[]".utf8) }
        ),
        HostileArchive(
            name: "no configuration",
            message: "lacks CONFIG.json\n\(incomplete)",
            bytes: changing { files in
                for name in files.keys where name.hasSuffix(".json") && name != "manifest.json" { files[name] = nil }
            }
        ),
        HostileArchive(
            name: "a configuration with other bytes",
            message: "has a damaged CONFIG.json: expected digest sha256:CONFIG, got "
                + "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            bytes: changing { files in
                for name in files.keys where name.hasSuffix(".json") && name != "manifest.json" {
                    files[name] = Array("{}".utf8)
                }
            }
        ),
        HostileArchive(
            name: "no layer",
            message: "lacks l/layer.tar\n\(incomplete)",
            bytes: changing { $0["l/layer.tar"] = nil }
        ),
        HostileArchive(
            name: "fewer layers than diffIDs",
            message: "has an image whose configuration and layers differ: expected 1 layers, got 0"
        ) { image in
            try await SampleImage.tar(image.dockerFiles(names: [], layerNames: []))
        },
        HostileArchive(
            name: "manifest.json that is huge",
            message: "has a too large manifest.json: expected at most 4194304 bytes, got 4194305 bytes",
            bytes: changing { $0["manifest.json"] = [UInt8](repeating: 91, count: 4 << 20 | 1) }
        ),
        HostileArchive(name: "manifest.json twice", message: "has manifest.json twice") { image in
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            let second = try await SampleImage.tar(["manifest.json": Array("[]".utf8)])
            // Members without the two blocks of zeros and the padding behind them, then a second archive.
            return Array(tar.dropLast(tar.reversed().prefix { $0 == 0 }.count / 512 * 512)) + second
        },
        HostileArchive(
            name: "cut off",
            message:
                "cannot be read: cannot read the tar archive at byte 0: it ends within the content of 'CONFIG.json'\n"
                + "hint: the file is probably incomplete: get it again"
        ) { image in
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            return Array(tar.prefix(600))
        },
        HostileArchive(
            name: "compressed and cut off",
            message: "cannot be read: the gzip data ends too early, after byte 100; get or write the file again"
        ) { image in
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            return Array(try await output(of: ["gzip", "-nc"], input: tar).prefix(100))
        },
        HostileArchive(
            name: "compressed with lz4",
            message: "cannot be read: data compressed with lz4 is not supported; compress it again with gzip or zstd"
        ) { image in
            let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            return [0x04, 0x22, 0x4D, 0x18, 0x64, 0x40] + tar
        },
        HostileArchive(
            name: "links in a circle",
            message: "has a link that leads nowhere: l/layer.tar",
            bytes: { image in
                try await linkTar(image, links: ["l/layer.tar": "../m/layer.tar", "m/layer.tar": "../l/layer.tar"])
            }
        ),
        HostileArchive(
            name: "a link out of the archive",
            message: "lacks l/layer.tar\n\(incomplete)",
            bytes: { image in try await linkTar(image, links: ["l/layer.tar": "../../../etc/passwd"]) }
        ),
        HostileArchive(
            name: "very many members",
            message: "has more members than an image needs: expected at most 65536"
        ) { _ in
            let header = try await SampleImage.tar(["x": []]).prefix(512)
            return (0..<16).reduce(Array(header)) { bytes, _ in bytes + bytes } + header
        },
        HostileArchive(
            name: "a name that is long",
            message: unrecognised
        ) { _ in
            try await SampleImage.tar([
                (0..<6).map { _ in String(repeating: "x", count: 99) }.joined(separator: "/"): []
            ])
        },
        HostileArchive(
            name: "parents in a circle",
            message: "has an image whose parents lead too far: expected at most 256 layers"
        ) { _ in
            try await SampleImage.tar([
                "repositories": Array(#"{"a":{"1":"x"}}"#.utf8),
                "x/json": Array(#"{"parent":"y"}"#.utf8),
                "y/json": Array(#"{"parent":"x"}"#.utf8),
            ])
        },
    ]

    /// An archive of Docker's form with links in place of its layer.
    static func linkTar(
        _ image: SampleImage,
        layerNames: [String] = ["l/layer.tar"],
        links: [String: String]
    ) async throws -> [UInt8] {
        try await withTemporaryDirectory { directory in
            var files = image.dockerFiles(names: ["a:1"], layerNames: layerNames)
            let layer = files.removeValue(forKey: layerNames[0])
            files["kept/layer.tar"] = layer
            for (name, bytes) in files.merging(links.mapValues { _ in [] }, uniquingKeysWith: { first, _ in first }) {
                let file = URL(filePath: "\(directory)/\(name)")
                let folder = file.deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                if let target = links[name] {
                    try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
                } else {
                    try Data(bytes).write(to: file)
                }
            }
            return try await output(of: ["tar", "-c", "-C", directory, "."])
        }
    }
}

@Suite struct StoredArchiveTests {
    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/image.tar"
            try write(bytes, to: path)
            try body(path)
        }
    }

    private func failure(_ location: String, _ platform: Platform? = nil) throws -> String {
        let location = try ImageLocation(location)
        return try #require(throws: ImageStorageFailure.self) {
            try StoredImage(at: location, platform: platform)
        }.description
    }

    @Test(arguments: HostileArchive.all)
    func `a hostile archive is refused`(hostile: HostileArchive) async throws {
        let image = try await SampleImage("hello")
        try await withFile(hostile.bytes(image)) { (path: String) throws in
            let message = hostile.message.replacingOccurrences(
                of: "CONFIG",
                with: image.manifest.config.digest.encoded
            )
            #expect(try failure(path) == "'\(path)' \(message)")
        }
    }

    @Test(arguments: [["cat"], ["gzip", "-c"], ["zstd", "-qc"], ["xz", "-c"], ["bzip2", "-c"]])
    func `an archive may be compressed as a whole`(command: [String]) async throws {
        let image = try await SampleImage("hello")
        let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1", "b/c:2"], layerNames: ["l/layer.tar"]))
        try await withFile(output(of: command, input: tar)) { path in
            let stored = try StoredImage(at: ImageLocation(path))
            #expect(stored.transport == .dockerArchive)
            // Nothing of the manifest is in the archive: it is what the image has in OCI form.
            #expect(stored.manifest == image.manifest)
            #expect(stored.descriptor == image.descriptor)
            #expect(stored.manifestBytes == CanonicalJSON.encode(image.manifest))
            #expect(stored.configurationBytes == image.configurationBytes)
            #expect(stored.references == ["a:1", "b/c:2"])
            #expect(stored.layers.map(\.createdBy) == ["echo hello"])
        }
    }

    @Test func `documents that are too large to keep are read in another pass`() async throws {
        var image = try await SampleImage("hello")
        image.configuration.config?.labels = ["long": String(repeating: "x", count: 1 << 20)]
        let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
        try await withFile(output(of: ["gzip", "-c"], input: tar)) { (path: String) throws in
            #expect(try StoredImage(at: ImageLocation(path)).descriptor == image.descriptor)
        }
    }

    @Test func `layers may be compressed and names may be links`() async throws {
        let image = try await SampleImage("hello").compressed()
        try await withFile(HostileArchive.linkTar(image, links: ["l/layer.tar": "../kept/layer.tar"])) { path in
            let stored = try StoredImage(at: ImageLocation(path))
            #expect(stored.manifest == image.manifest)
            #expect(stored.layers[0].descriptor == Descriptor(of: image.layers[0], mediaType: .layerGzip))
            #expect(stored.layers[0].diffID == image.configuration.rootfs.diffIDs[0])
        }
    }

    @Test func `one of several images is chosen by its name`() async throws {
        let first = try await SampleImage("first")
        let second = try await SampleImage("second")
        var files = first.dockerFiles(names: ["redis:latest"], layerNames: ["1/layer.tar"])
        let others = second.dockerFiles(names: ["example.com/a:b"], layerNames: ["2/layer.tar"])
        let list = try [files, others].flatMap { try [JSONValue](parsing: $0["manifest.json"] ?? []) }
        files.merge(others) { first, _ in first }
        files["manifest.json"] = CanonicalJSON.encode(list)
        try await withFile(SampleImage.tar(files)) { (path: String) throws in
            for name in ["redis", "docker.io/library/redis:latest"] {
                #expect(
                    try StoredImage(at: ImageLocation("docker-archive:\(path):\(name)")).descriptor == first.descriptor
                )
            }
            #expect(
                try StoredImage(at: ImageLocation("docker-archive:\(path):example.com/a:b")).descriptor
                    == second.descriptor
            )
            #expect(
                try failure(path)
                    == "'\(path)' holds several images\nhint: choose one of 'redis:latest', 'example.com/a:b'"
            )
            #expect(
                try failure("docker-archive:\(path):redis:8")
                    == "'\(path)' has no image 'redis:8'\nhint: it has 'redis:latest', 'example.com/a:b'"
            )
        }
    }

    @Test func `an archive without manifest is read by its parent links`() async throws {
        let lower = try await SampleImage.tar(["lower": [1]])
        let upper = try await SampleImage.tar(["upper": [2]])
        let files = [
            "repositories": #"{"me/app":{"1":"bb","2":"bb"}}"#,
            "aa/VERSION": "1.0",
            "aa/json": #"{"id":"aa","created":"2014-01-01T00:00:00Z","container_config":{"Cmd":["/bin/sh","-c","x"]}}"#,
            "bb/VERSION": "1.0",
            "bb/json":
                #"{"id":"bb","parent":"aa","Size":3,"created":"2015-01-01T00:00:00Z","author":"me","architecture":"amd64","os":"linux","config":{"Cmd":["/app"]}}"#,
        ].mapValues { Array($0.utf8) }.merging(["aa/layer.tar": lower, "bb/layer.tar": upper]) { first, _ in first }
        let layers = [lower, upper].map { Descriptor(of: $0, mediaType: .layer) }
        try await withFile(SampleImage.tar(files)) { path in
            let stored = try StoredImage(at: ImageLocation("docker-archive:\(path):me/app:2"))
            #expect(
                String(decoding: stored.configurationBytes, as: UTF8.self)
                    == #"{"architecture":"amd64","author":"me","config":{"Cmd":["/app"]},"created":"2015-01-01T00:00:00Z","history":[{"created":"2014-01-01T00:00:00Z","created_by":"/bin/sh -c x"},{"author":"me","created":"2015-01-01T00:00:00Z"}],"os":"linux","rootfs":{"diff_ids":["\#(layers[0].digest)","\#(layers[1].digest)"],"type":"layers"}}"#
            )
            #expect(stored.manifest.layers == layers)
            #expect(stored.references == ["me/app:1", "me/app:2"])
            #expect(try StoredImage(at: ImageLocation(path)).descriptor == stored.descriptor)
            #expect(
                try failure("docker-archive:\(path):other")
                    == "'\(path)' has no image 'other'\nhint: it has 'me/app:1', 'me/app:2'"
            )
        }
    }

    @Test func `an archive of both forms has Docker's names and the layout's manifest`() async throws {
        var image = try await SampleImage("hello")
        image.configuration.author = "me"
        var manifest = image.manifest
        manifest.annotations = ["only": "in the layout"]
        let manifestBytes = CanonicalJSON.encode(manifest)
        let descriptor = Descriptor(of: manifestBytes, mediaType: .imageManifest)
        let config = "blobs/sha256/\(manifest.config.digest.encoded)"
        let layer = "blobs/sha256/\(manifest.layers[0].digest.encoded)"
        let list: JSONValue = .array([
            .object(["Config": config.json, "RepoTags": ["redis:7"].json, "Layers": [layer].json])
        ])
        let files = [
            "manifest.json": CanonicalJSON.encode(list),
            "oci-layout": Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8),
            "index.json": CanonicalJSON.encode(ImageIndex(manifests: [descriptor])),
            "blobs/sha256/\(descriptor.digest.encoded)": manifestBytes,
            config: image.configurationBytes,
            layer: image.layers[0],
        ]
        try await withFile(SampleImage.tar(files)) { path in
            let stored = try StoredImage(at: ImageLocation(path))
            #expect(stored.transport == .dockerArchive)
            #expect(stored.references == ["redis:7"])
            #expect(stored.manifestBytes == manifestBytes)
            let other = try StoredImage(at: ImageLocation("oci-archive:\(path)"))
            #expect(other.transport == .ociArchive)
            #expect(other.descriptor.digest == descriptor.digest)
            #expect(other.references == [])
        }
    }

    @Test func `an archive of another platform or kind than asked for is refused`() async throws {
        let image = try await SampleImage("hello")
        try await withFile(SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))) {
            (path: String) throws in
            #expect(
                try failure(path, Platform("linux/s390x/z"))
                    == "'\(path)' has no image for linux/s390x/z\nhint: it has \(Platform.host)"
            )
            #expect(try failure("oci-archive:\(path)") == "'\(path)' is not an oci-archive")
            #expect(try failure("oci:\(path)") == "'\(path)' is not an OCI image layout")
        }
    }
}
