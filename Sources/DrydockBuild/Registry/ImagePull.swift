// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockJSON
public import DrydockOCI
public import DrydockRegistry
public import DrydockStorage

/// Gets an image from a registry into the local store, where it is read like any image on disk.
///
/// What the store has is not fetched, what it has in part is continued, and nothing is stored under a digest that it does
/// not have. Call it on a `BlockingPool`, as everything that waits for a disk.
public struct ImagePull: Sendable {
    /// The image that is wanted.
    public let reference: ImageReference
    /// What it must run on; nil for what this machine is, or for a single image whatever it runs on.
    public let platform: Platform?
    private let client: RegistryClient
    let blobs: LocalBlobs

    /// How many threads suit a pull: each takes the bytes of one request, and waits for the disk most of the time.
    public static var width: Int { max(BlockingPool.machineWidth, RegistryClientOptions().requestsPerHost) }

    /// How many indexes an index may lead through.
    private static let depthLimit = 4

    /// A pull into a store.
    public init(_ reference: ImageReference, platform: Platform? = nil, client: RegistryClient, blobs: LocalBlobs) {
        self.reference = reference
        self.platform = platform
        self.client = client
        self.blobs = blobs
    }

    /// Finds out which image is meant: manifest and configuration, but no layer.
    ///
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func resolve() async throws -> ResolvedImage {
        let repository = try await client.repository(of: reference)
        do {
            var found = try await manifest(ManifestReference(reference), in: repository)
            var index: Descriptor?
            var siblings: [Descriptor] = []
            var depth = 0
            while found.descriptor.mediaType.isIndex {
                index = index ?? found.descriptor
                depth += 1
                guard depth <= Self.depthLimit else {
                    throw RegistryFailure(.protocolViolation("its image indexes are nested too deep"))
                }
                let chosen = try choose(from: found, &siblings)
                found = try await manifest(.digest(chosen.digest), in: repository)
            }
            guard found.descriptor.mediaType.isManifest else {
                throw RegistryFailure(.unsupportedMediaType(found.descriptor.mediaType))
            }
            let document: ImageManifest = try Self.parse(found.bytes, "image manifest")
            guard document.config.mediaType.isConfiguration else {
                throw RegistryFailure(.unsupportedMediaType(document.config.mediaType))
            }
            try await blobs.putBlob(document.config, from: repository)
            if index == nil { try checkPlatform(document.config) }
            return ResolvedImage(
                index: index,
                siblings: siblings,
                manifest: found.descriptor,
                document: document,
                repository: repository
            )
        } catch let failure as RegistryFailure {
            throw failure.about(reference.familiarDescription)
        }
    }

    /// Compares what a single image runs on with what was asked for; an index has been asked before.
    private func checkPlatform(_ config: Descriptor) throws {
        guard let platform, let bytes = try blobs.document(config.digest) else { return }
        let configuration: ImageConfiguration = try Self.parse(bytes, "image configuration")
        guard !configuration.platform.satisfies(platform) else { return }
        throw RegistryFailure(.noSuchPlatform(platform, available: [configuration.platform]))
    }

    /// Fetches the layers that the store lacks, several at once.
    ///
    /// - Parameters:
    ///   - image: As ``resolve()`` has found it.
    ///   - progress: Told of every byte that comes.
    ///   - use: Called for each layer as soon as the store has it, while others are still on their way; told whether it was
    ///     fetched now.
    /// - Returns: The image in the store.
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func fetch(
        _ image: ResolvedImage,
        progress: TransferProgress = TransferProgress(),
        use: @escaping @Sendable (Descriptor, _ isNew: Bool) async throws -> Void = { _, _ in }
    ) async throws -> StoredImage {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // A layer can be there twice.
                var seen: Set<Digest> = []
                for layer in image.document.layers where seen.insert(layer.digest).inserted {
                    group.addTask { [blobs] in
                        if try await blobs.hasBlob(layer) {
                            progress.skip(layer)
                            return try await use(layer, false)
                        }
                        let source = CountedSource(source: image.repository, progress: progress)
                        try await blobs.putBlob(layer, from: source)
                        progress.finish(layer)
                        try await use(layer, true)
                    }
                }
                try await group.waitForAll()
            }
            return try StoredImage(image.manifest, in: blobs, references: references)
        } catch let failure as RegistryFailure {
            throw failure.about(reference.familiarDescription)
        }
    }

    /// What is known of the image without its layers, which cannot be read.
    ///
    /// - Throws: As ``resolve()``.
    public func describe() async throws -> StoredImage { try describe(try await resolve()) }

    /// The same of an image that ``resolve()`` has found.
    func describe(_ image: ResolvedImage) throws -> StoredImage {
        var stored = try StoredImage(image.manifest, in: blobs, references: references, hasLayers: false)
        stored.siblings = image.siblings
        return stored
    }

    /// The names of the image in an archive: the one that was asked for, if it has a tag.
    private var references: [String] {
        if let tag = reference.tag { return ["\(reference.familiarName):\(tag)"] }
        return reference.digest == nil ? ["\(reference.familiarName):latest"] : []
    }

    /// A manifest from the store, if its digest is known and it is there, or else from the registry.
    private func manifest(_ name: ManifestReference, in repository: RegistryRepository) async throws -> RegistryManifest
    {
        if let digest = name.digest, let bytes = try blobs.document(digest) {
            let document = try? [String: JSONValue](parsing: bytes)
            if case .string(let type)? = document?["mediaType"] {
                return RegistryManifest(bytes, mediaType: MediaType(rawValue: type))
            }
        }
        let manifest = try await repository.manifest(name)
        try await blobs.put(manifest.bytes, as: manifest.descriptor)
        return manifest
    }

    /// The first entry that fits, as the specification has it; the others join the siblings.
    private func choose(from found: RegistryManifest, _ siblings: inout [Descriptor]) throws -> Descriptor {
        let index: ImageIndex = try Self.parse(found.bytes, "image index")
        let chosen = try choose(from: index)
        siblings += index.manifests.filter { $0.digest != chosen.digest }
        return chosen
    }

    private func choose(from index: ImageIndex) throws -> Descriptor {
        let images = index.manifests.filter { entry in
            // Attestations are listed as images of an unknown platform.
            entry.platform?.os != "unknown" && (entry.mediaType.isManifest || entry.mediaType.isIndex)
        }
        if images.count == 1, platform == nil { return images[0] }
        let wanted = platform ?? .host
        if let match = images.first(where: { $0.platform?.satisfies(wanted) ?? true }) { return match }
        throw RegistryFailure(.noSuchPlatform(wanted, available: images.compactMap(\.platform)))
    }

    private static func parse<Document: JSONConvertible>(_ bytes: [UInt8], _ name: String) throws -> Document {
        do { return try Document(parsing: bytes) } catch {
            throw RegistryFailure(.malformedDocument(name: name, failure: error))
        }
    }
}

/// What a reference means at this moment.
public struct ResolvedImage: Sendable {
    /// The index that the reference leads to; nil if it leads to the image itself.
    public let index: Descriptor?
    /// What that index lists beside the image, of which nothing is fetched.
    public let siblings: [Descriptor]
    /// The image's manifest.
    public let manifest: Descriptor
    /// The manifest's content.
    public let document: ImageManifest
    let repository: RegistryRepository

    /// The bytes of all layers, each counted once.
    public var layerSize: Int64 {
        Set(document.layers).reduce(0) { $0.addingReportingOverflow($1.size).partialValue }
    }
}
