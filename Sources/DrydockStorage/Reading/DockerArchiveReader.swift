// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockJSON
import DrydockOCI

/// Reads images of an archive as `docker save` has written it since it exists.
///
/// - `manifest.json` lists images with configuration, names and layers (Docker 1.10 and later; from 25 on the files are
///   blobs of an OCI image layout);
/// - before that there is only `repositories`, see `LegacyArchiveReader`.
struct DockerArchiveReader: ImageReader {
    private let archive: ArchiveContents

    init(_ archive: ArchiveContents) { self.archive = archive }

    /// Reads the image that is wanted.
    func image(_ selection: ImageSelection) throws -> StoredImage {
        guard try archive.file("manifest.json") != nil else {
            return try LegacyArchiveReader(archive).image(selection)
        }
        let entries: [DockerArchiveEntry] = try archive.document("manifest.json")
        return try image(of: select(from: entries, named: selection.reference), for: selection.platform)
    }

    func images(for platform: Platform?) throws -> [StoredImage] {
        guard try archive.file("manifest.json") != nil else {
            return try LegacyArchiveReader(archive).images(for: platform)
        }
        let entries: [DockerArchiveEntry] = try archive.document("manifest.json")
        guard !entries.isEmpty else { throw archive.failure(.noImage) }
        return try entries.map { try image(of: $0, for: platform) }
    }

    private func image(of entry: DockerArchiveEntry, for wanted: Platform?) throws -> StoredImage {
        let (documents, places) = try storedDocuments(of: entry) ?? synthesisedDocuments(of: entry)
        let platform = documents.configuration.platform
        if let wanted, !platform.satisfies(wanted) {
            throw archive.failure(.noSuchPlatform(wanted, available: [platform]))
        }
        return try StoredImage(
            documents,
            places,
            references: entry.names,
            transport: .dockerArchive,
            path: archive.path
        )
    }

    private func select(from entries: [DockerArchiveEntry], named name: String?) throws -> DockerArchiveEntry {
        guard let first = entries.first else { throw archive.failure(.noImage) }
        let labels = entries.flatMap { $0.names.isEmpty ? [$0.config] : $0.names }
        guard let name else {
            guard entries.count == 1 else { throw archive.failure(.ambiguous(available: labels)) }
            return first
        }
        let named = entries.first { $0.names.contains { Self.isSame($0, name) } }
        // What has no name is chosen as it is shown.
        guard let entry = named ?? entries.first(where: { $0.names.isEmpty && $0.config == name }) else {
            throw archive.failure(.noSuchImage(name, available: labels))
        }
        return entry
    }

    /// Whether two names mean the same image: `redis` is `docker.io/library/redis:latest`.
    static func isSame(_ name: String, _ wanted: String) -> Bool {
        if name == wanted { return true }
        guard let name = try? ImageReference(name), let wanted = try? ImageReference(wanted) else { return false }
        return name.withDefaultTag == wanted.withDefaultTag
    }
}

/// One image of `manifest.json`.
struct DockerArchiveEntry: JSONConvertible {
    let config: String
    let names: [String]
    let layers: [String]

    init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        config = try members.require("Config")
        names = try members.take("RepoTags") ?? []
        layers = try members.requireArray("Layers")
    }

    var json: JSONValue {
        .object(["Config": config.json, "RepoTags": names.json, "Layers": layers.json])
    }
}

// MARK: - The manifest

extension DockerArchiveReader {
    /// Manifest and configuration of an archive that is a layout, too; nil if it is none or does not list the image.
    private func storedDocuments(of entry: DockerArchiveEntry) throws -> (ImageDocuments, [BlobPlace?])? {
        guard try archive.file("oci-layout") != nil, try archive.file("index.json") != nil else { return nil }
        let index: ImageIndex = try archive.document("index.json")
        let configuration = try archive.configurationBytes(of: entry)
        let digest = Digest(of: configuration)
        let reader = LayoutReader(archive, .ociArchive)
        for descriptor in index.manifests where descriptor.mediaType.isManifest {
            // Other images of the archive need not be whole.
            guard let documents = try? reader.documents(of: descriptor), documents.manifest.config.digest == digest,
                let places = try? reader.layerPlaces(of: documents.manifest), !places.contains(where: { $0 == nil })
            else { continue }
            return (documents, places)
        }
        return nil
    }

    /// The manifest that the image has in OCI form with its layers as they are stored.
    private func synthesisedDocuments(of entry: DockerArchiveEntry) throws -> (ImageDocuments, [BlobPlace?]) {
        let bytes = try archive.configurationBytes(of: entry)
        let configuration: ImageConfiguration = try archive.parse(bytes, named: entry.config)
        let documents = try archive.documents(configuration: configuration, bytes: bytes, layers: entry.layers)
        return (documents, try entry.layers.map { try archive.place(of: $0) })
    }
}

extension ArchiveContents {
    /// The bytes of an image's configuration, whose digest is its name.
    func configurationBytes(of entry: DockerArchiveEntry) throws -> [UInt8] {
        guard let bytes = try bytes(of: entry.config) else {
            throw failure(.missingMember(entry.config))
        }
        // The name is the digest in every known form: `<hex>.json`, `sha256:<hex>`, `blobs/sha256/<hex>`.
        guard let expected = Self.digest(inName: entry.config) else { return bytes }
        let actual = Digest(of: bytes)
        guard actual == expected else {
            throw failure(.digestMismatch(name: entry.config, expected: expected, actual: actual))
        }
        return bytes
    }

    private static func digest(inName name: String) -> Digest? {
        var last = name.split(separator: "/").last ?? ""
        if last.hasPrefix("sha256:") { last = last.dropFirst("sha256:".count) }
        if last.hasSuffix(".json") { last = last.dropLast(".json".count) }
        return try? Digest("sha256:\(last)")
    }

    /// The documents of an image whose layers are files of this archive.
    func documents(
        configuration: ImageConfiguration,
        bytes: [UInt8],
        layers names: [String]
    ) throws -> ImageDocuments {
        let diffIDs = configuration.rootfs.diffIDs
        guard diffIDs.count == names.count else {
            throw failure(.layerCountMismatch(expected: diffIDs.count, actual: names.count))
        }
        let manifest = ImageManifest(
            config: Descriptor(of: bytes, mediaType: .imageConfiguration),
            layers: try layerDescriptors(names, diffIDs: diffIDs)
        )
        let manifestBytes = CanonicalJSON.encode(manifest)
        return ImageDocuments(
            descriptor: Descriptor(of: manifestBytes, mediaType: .imageManifest),
            manifestBytes: manifestBytes,
            manifest: manifest,
            configurationBytes: bytes,
            configuration: configuration
        )
    }

    private func layerDescriptors(_ names: [String], diffIDs: [Digest]) throws -> [Descriptor] {
        let files = try names.map { name in
            guard let file = try file(name) else { throw failure(.missingMember(name)) }
            return file
        }
        // Docker loads compressed layers, too. Their own digests stand nowhere and must be computed.
        let compressed = zip(names, files).filter { $0.1.format != .none }.map(\.0)
        let digests = compressed.isEmpty ? [:] : try digests(of: Set(compressed))
        return names.indices.map { position in
            Descriptor(
                mediaType: files[position].format.layerMediaType,
                digest: digests[names[position]] ?? diffIDs[position],
                size: files[position].size
            )
        }
    }
}
