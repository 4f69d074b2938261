// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI

/// Reads images of an OCI image layout, in a directory or an archive.
struct LayoutReader<Contents: ImageContents>: ImageReader {
    /// How deep indexes may contain indexes; two is what tools write.
    private static var depthLimit: Int { 8 }
    /// How many manifests and indexes are looked at before giving up.
    private static var documentLimit: Int { 1024 }

    private let contents: Contents
    private let transport: ImageLocation.Transport

    init(_ contents: Contents, _ transport: ImageLocation.Transport) {
        self.contents = contents
        self.transport = transport
    }

    /// Reads the image that is wanted.
    func image(_ selection: ImageSelection) throws -> StoredImage {
        let index: ImageIndex = try contents.document("index.json")
        return try image(of: candidates(in: index, named: selection.reference), in: index, for: selection.platform)
    }

    func images(for platform: Platform?) throws -> [StoredImage] {
        let index: ImageIndex = try contents.document("index.json")
        var groups: [String: [Descriptor]] = [:]
        var names: [String] = []
        for entry in index.manifests where !entry.isAttestation {
            // Images without a name are not taken for one image.
            let name = entry.referenceName ?? entry.digest.description
            if groups[name] == nil { names.append(name) }
            groups[name, default: []].append(entry)
        }
        guard !names.isEmpty else { throw contents.failure(.noImage) }
        return try names.map { try image(of: groups[$0] ?? [], in: index, for: platform) }
    }

    private func image(of entries: [Descriptor], in index: ImageIndex, for platform: Platform?) throws -> StoredImage {
        var walk = ManifestWalk()
        for entry in entries { try collect(entry, entry: entry, depth: 1, into: &walk) }
        let found = try select(from: walk.found, platform: platform)
        let documents = try documents(of: found.manifest)
        let places = try layerPlaces(of: documents.manifest)
        let names = index.manifests.filter { $0.digest == found.entry.digest }.compactMap(\.referenceName)
        var image = try StoredImage(documents, places, references: names, transport: transport, path: contents.path)
        let others = walk.found.map(\.manifest) + walk.attestations
        image.siblings = others.filter { $0.digest != found.manifest.digest }
        return image
    }

    /// The image with a manifest, whatever names lead to it.
    func image(of manifest: Descriptor) throws -> StoredImage {
        let documents = try documents(of: manifest)
        let places = try layerPlaces(of: documents.manifest)
        return try StoredImage(documents, places, references: [], transport: transport, path: contents.path)
    }

    /// Manifest and configuration, both verified.
    func documents(of descriptor: Descriptor) throws -> ImageDocuments {
        let manifestBytes = try contents.blob(descriptor, named: "image manifest")
        let manifest: ImageManifest = try contents.parse(manifestBytes, named: "image manifest")
        guard manifest.config.mediaType.isConfiguration else {
            throw contents.failure(.unsupportedMediaType(manifest.config.mediaType))
        }
        let configurationBytes = try contents.blob(manifest.config, named: "image configuration")
        return ImageDocuments(
            descriptor: descriptor,
            manifestBytes: manifestBytes,
            manifest: manifest,
            configurationBytes: configurationBytes,
            configuration: try contents.parse(configurationBytes, named: "image configuration")
        )
    }

    /// Where the layers are; nil for one that is fetched from elsewhere.
    func layerPlaces(of manifest: ImageManifest) throws -> [BlobPlace?] {
        try manifest.layers.map { layer in
            guard let place = try contents.place(of: Contents.blobName(layer.digest)) else {
                // Layers that must not be distributed are fetched from elsewhere.
                if layer.urls?.isEmpty == false { return nil }
                throw contents.failure(.missingMember("layer \(layer.digest)"))
            }
            guard place.size == layer.size else {
                throw contents.failure(
                    .sizeMismatch(name: "layer \(layer.digest)", expected: layer.size, actual: place.size)
                )
            }
            return place
        }
    }
}

// MARK: - Names

extension LayoutReader {
    /// The entries of `index.json` that are meant: those of the name, or of the only name that there is.
    func candidates(in index: ImageIndex, named name: String?) throws -> [Descriptor] {
        guard !index.manifests.isEmpty else { throw contents.failure(.noImage) }
        guard let name else {
            let labels = index.manifests.map(\.layoutLabel)
            // Entries of one image for several platforms have no name and a platform, or all the same name.
            let isOne = Set(index.manifests.map(\.digest)).count == 1 || Set(labels).count == 1
            guard isOne else { throw contents.failure(.ambiguous(available: Self.unique(labels))) }
            return index.manifests
        }
        let exact = index.manifests.filter { $0.isNamed(name) }
        // As in Docker, `redis` is `redis:latest` where nothing has that very name.
        let matches = exact.isEmpty ? index.manifests.filter { $0.isNamed("\(name):latest") } : exact
        guard !matches.isEmpty else {
            throw contents.failure(.noSuchImage(name, available: Self.unique(index.manifests.map(\.layoutLabel))))
        }
        return matches
    }

    private static func unique(_ names: [String]) -> [String] { Set(names).sorted() }
}

// MARK: - Platforms

/// A manifest that was found, and the entry of `index.json` that leads to it.
private struct FoundManifest {
    let manifest: Descriptor
    let entry: Descriptor
}

/// What entries lead to over any number of indexes, each once, in their order.
private struct ManifestWalk {
    var found: [FoundManifest] = []
    var attestations: [Descriptor] = []
    var seen: Set<Digest> = []
}

extension LayoutReader {
    private func select(from found: [FoundManifest], platform: Platform?) throws -> FoundManifest {
        guard let first = found.first else { throw contents.failure(.noImage) }
        if found.count == 1, platform == nil { return first }
        let wanted = platform ?? .host
        var available: [Platform] = []
        for candidate in found {
            let platform = try self.platform(of: candidate.manifest)
            // "If multiple manifests match a client or runtime's requirements, the first matching entry SHOULD be used."
            // https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
            if platform.satisfies(wanted) { return candidate }
            if !available.contains(platform) { available.append(platform) }
        }
        throw contents.failure(.noSuchPlatform(wanted, available: available))
    }

    /// What a manifest's image runs on: what the index says, or else what the configuration says.
    private func platform(of descriptor: Descriptor) throws -> Platform {
        try descriptor.platform ?? documents(of: descriptor).configuration.platform
    }

    private func collect(
        _ descriptor: Descriptor,
        entry: Descriptor,
        depth: Int,
        into walk: inout ManifestWalk
    ) throws {
        // A digest that was seen leads to nothing new, and in a circle to itself.
        guard walk.seen.insert(descriptor.digest).inserted else { return }
        if descriptor.isAttestation { return walk.attestations.append(descriptor) }
        guard walk.seen.count <= Self.documentLimit else {
            throw contents.failure(.indexTooDeep(limit: Self.documentLimit))
        }
        if descriptor.mediaType.isManifest {
            return walk.found.append(FoundManifest(manifest: descriptor, entry: entry))
        }
        guard descriptor.mediaType.isIndex else {
            throw contents.failure(.unsupportedMediaType(descriptor.mediaType))
        }
        guard depth <= Self.depthLimit else { throw contents.failure(.indexTooDeep(limit: Self.depthLimit)) }
        let bytes = try contents.blob(descriptor, named: "image index")
        let index: ImageIndex = try contents.parse(bytes, named: "image index")
        for child in index.manifests {
            try collect(child, entry: entry, depth: depth + 1, into: &walk)
        }
    }
}

extension Descriptor {
    /// The annotation in which containerd keeps the full name.
    private static let containerdName = "io.containerd.image.name"

    /// How an entry of `index.json` is shown and chosen.
    fileprivate var layoutLabel: String { referenceName ?? digest.description }

    /// Whether an entry of `index.json` is meant by a name, or by its digest.
    fileprivate func isNamed(_ name: String) -> Bool {
        if referenceName == name || digest.description == name { return true }
        guard let full = annotations?[Self.containerdName].flatMap({ try? ImageReference($0) }),
            let wanted = try? ImageReference(name)
        else { return false }
        return full.withDefaultTag == wanted.withDefaultTag
    }

    /// Whether it is what BuildKit adds to say how an image was built; its platform is `unknown/unknown`.
    package var isAttestation: Bool {
        annotations?["vnd.docker.reference.type"] == "attestation-manifest"
            || platform.map { $0.os == "unknown" && $0.architecture == "unknown" } == true
    }
}
