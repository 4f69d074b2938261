// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// A small image whose layers are real tars.
struct SampleImage: Sendable {
    var layers: [[UInt8]]
    var layerType = MediaType.layer
    var configuration: ImageConfiguration

    /// An image whose one layer holds a file with that text.
    init(_ text: String, platform: Platform = .host) async throws {
        let tar = try await Self.tar(["file": Array(text.utf8)])
        layers = [tar]
        configuration = ImageConfiguration(platform: platform)
        configuration.created = "1970-01-01T00:00:01Z"
        configuration.rootfs.diffIDs = [Digest(of: tar)]
        configuration.history = [ImageConfiguration.HistoryEntry(createdBy: "echo \(text)")]
        configuration.config = ContainerConfiguration()
        configuration.config?.cmd = ["/file"]
    }

    var configurationBytes: [UInt8] { CanonicalJSON.encode(configuration) }

    var manifest: ImageManifest {
        ImageManifest(
            config: Descriptor(of: configurationBytes, mediaType: .imageConfiguration),
            layers: layers.map { Descriptor(of: $0, mediaType: layerType) }
        )
    }

    var descriptor: Descriptor { Descriptor(of: CanonicalJSON.encode(manifest), mediaType: .imageManifest) }

    /// The same image with layers as gzip writes them.
    func compressed() async throws -> SampleImage {
        var image = self
        image.layerType = .layerGzip
        for position in layers.indices {
            image.layers[position] = try await output(of: ["gzip", "-nc"], input: layers[position])
        }
        return image
    }

    /// Adds all blobs and, if it gets a name, an entry of the index.
    @discardableResult
    func write(to layout: ImageLayout, name: String?) throws -> Descriptor {
        for layer in layers { try layout.addBlob(layer) }
        try layout.addBlob(configurationBytes)
        try layout.addBlob(CanonicalJSON.encode(manifest))
        try layout.addImage(descriptor, referenceName: name)
        return descriptor
    }

    /// The files of an archive as `docker save` writes it, with a name for each layer.
    func dockerFiles(names: [String], layerNames: [String]) -> [String: [UInt8]] {
        let config = "\(Digest(of: configurationBytes).encoded).json"
        let entry: JSONValue = .object([
            "Config": .string(config), "RepoTags": names.json, "Layers": layerNames.json,
        ])
        var files = [config: configurationBytes, "manifest.json": CanonicalJSON.encode([entry])]
        for (name, layer) in zip(layerNames, layers) { files[name] = layer }
        return files
    }

    /// A tar with these files, in the order of their names.
    static func tar(_ files: [String: [UInt8]]) async throws -> [UInt8] {
        try await withTemporaryDirectory { directory in
            for (name, bytes) in files {
                let file = URL(filePath: "\(directory)/\(name)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(bytes).write(to: file)
            }
            return try await output(
                of: [
                    "tar", "-c", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--mode=0644", "-C",
                    directory,
                ]
                    + files.keys.sorted()
            )
        }
    }
}

/// What a program writes to standard output; fails the test if the program fails.
func output(of arguments: [String], input: [UInt8] = []) async throws -> [UInt8] {
    let output = try await Command.run(arguments, input: input)
    try #require(output.status == 0, "\(output.errorText)")
    return output.standardOutput
}

/// Writes a file of a test.
func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// Reads a file of a test.
func read(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: path))) }

/// The sorted names in a directory of a test.
func names(in path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

/// The text of a file of a test.
func text(_ path: String) throws -> String { String(decoding: try read(path), as: UTF8.self) }
