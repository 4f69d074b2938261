// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockJSON
public import DrydockOCI
public import DrydockRegistry
public import DrydockStorage

/// An image, or an index with all of its images, on its way from a registry to another place, where nothing changes.
///
/// Blobs that the place has are not fetched. Between two repositories of one registry they are mounted, between two
/// registries they pass through without a disk. Manifests come after their blobs, indexes after their manifests, and the
/// name comes last: it never leads to something that is not complete.
public struct RemoteCopy: Sendable {
    /// What is copied.
    public let source: ImageReference
    /// Which image of an index is taken.
    public var platform: Platform?
    /// Whether an index is copied with all of its images.
    public var isWhole = false
    /// Told of every blob.
    public var transfer = TransferProgress()
    private let client: RegistryClient
    let store: LocalStore

    /// How deep indexes may contain indexes.
    private static let depthLimit = 4
    /// How many manifests and indexes are copied.
    private static let documentLimit = 1024

    /// A copy of what a reference means.
    ///
    /// - Parameters:
    ///   - source: The reference.
    ///   - client: Speaks with both registries.
    ///   - store: Keeps documents, and remembers where blobs are.
    public init(_ source: ImageReference, client: RegistryClient, store: LocalStore) {
        self.source = source
        self.client = client
        self.store = store
    }

    var blobs: LocalBlobs { LocalBlobs(store) }

    /// Finds out what is copied; no layer is fetched.
    ///
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func resolve() async throws -> RemoteGraph {
        let repository = try await client.repository(of: source)
        do {
            var walk = Walk(repository: repository)
            if isWhole {
                try await collect(try await repository.manifest(ManifestReference(source)), depth: 0, &walk)
            } else {
                let pull = ImagePull(source, platform: platform, client: client, blobs: blobs)
                try await collect(try await pull.resolve().manifest(in: blobs), depth: 0, &walk)
            }
            return RemoteGraph(repository: repository, manifests: walk.manifests, blobs: walk.blobs)
        } catch let failure as RegistryFailure {
            throw failure.about(source.familiarDescription)
        }
    }

    private struct Walk {
        let repository: RegistryRepository
        var manifests: [RegistryManifest] = []
        var blobs: [Descriptor] = []
        var seen: Set<Digest> = []

        mutating func add(_ blob: Descriptor) {
            if seen.insert(blob.digest).inserted { blobs.append(blob) }
        }
    }

    /// Adds what a document leads to, and then the document itself.
    private func collect(_ found: RegistryManifest, depth: Int, _ walk: inout Walk) async throws {
        guard walk.seen.insert(found.descriptor.digest).inserted else { return }
        guard depth <= Self.depthLimit, walk.manifests.count < Self.documentLimit else {
            throw RegistryFailure(.protocolViolation("its image indexes lead to too many images"))
        }
        if found.descriptor.mediaType.isIndex {
            let index: ImageIndex = try Self.parse(found.bytes, "image index")
            for entry in index.manifests {
                let child = try await walk.repository.manifest(.digest(entry.digest))
                try await collect(child, depth: depth + 1, &walk)
            }
        } else {
            let document: ImageManifest = try Self.parse(found.bytes, "image manifest")
            walk.add(document.config)
            // Layers that must not be distributed are fetched from elsewhere.
            for layer in document.layers where layer.urls?.isEmpty ?? true { walk.add(layer) }
        }
        walk.manifests.append(found)
    }

    private static func parse<Document: JSONConvertible>(_ bytes: [UInt8], _ name: String) throws -> Document {
        do { return try Document(parsing: bytes) } catch {
            throw RegistryFailure(.malformedDocument(name: name, failure: error))
        }
    }
}

/// Manifests and blobs that are copied together.
public struct RemoteGraph: Sendable {
    let repository: RegistryRepository
    /// The documents, each after all that it leads to; the last one is what was asked for.
    let manifests: [RegistryManifest]
    /// Configurations and layers, each once.
    let blobs: [Descriptor]

    /// The bytes of all blobs.
    public var size: Int64 { blobs.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }

    /// What was asked for.
    public var top: Descriptor {
        guard let last = manifests.last else { preconditionFailure("Something was asked for") }
        return last.descriptor
    }

    /// The entries of what was asked for, if it is an index.
    public var entries: [Descriptor] {
        guard top.mediaType.isIndex, let bytes = manifests.last?.bytes else { return [] }
        return (try? ImageIndex(parsing: bytes))?.manifests ?? []
    }
}

extension RemoteCopy {
    /// Copies to a repository.
    ///
    /// - Parameters:
    ///   - graph: As ``resolve()`` has found it.
    ///   - target: The repository with the name that the image gets; `latest` if there is neither tag nor digest.
    /// - Throws: ``RegistryFailure``; ``CopyFailure/otherDigest(_:expected:actual:)``; what the local store throws.
    public func copy(_ graph: RemoteGraph, to target: ImageReference) async throws {
        let target = target.withDefaultTag
        if let expected = target.digest, expected != graph.top.digest {
            throw CopyFailure.otherDigest(target.familiarDescription, expected: expected, actual: graph.top.digest)
        }
        let repository = try await client.repository(of: target)
        let digests = graph.blobs.map(\.digest)
        let from = graph.repository
        // What the manifests say is there is mounted from there where both are in one registry.
        try? store.rememberPlace(of: digests, registry: from.registry, repository: from.name)
        let push = BlobPush(repository: repository, store: store, transfer: transfer)
        do {
            try await each(graph.blobs) { try await send($0, from: from, push) }
            try await repository.publish(graph.manifests, tag: target.tag)
            push.rememberPlaces(of: graph.blobs)
        } catch let failure as RegistryFailure {
            throw failure.about(target.familiarDescription)
        }
    }

    private func send(_ blob: Descriptor, from source: RegistryRepository, _ push: BlobPush) async throws {
        if try await push.isThere(blob) { return }
        let isLocal = try await blobs.hasBlob(blob)
        try await push.send(blob, from: isLocal ? blobs : source)
    }

    /// Copies into an image layout.
    ///
    /// - Parameters:
    ///   - graph: As ``resolve()`` has found it.
    ///   - layout: Where it goes.
    ///   - name: The name that the image gets there; nil for its own.
    /// - Throws: ``RegistryFailure``; what the local store and the layout throw.
    public func copy(_ graph: RemoteGraph, to layout: ImageLayout, as name: String?) async throws {
        try await each(graph.blobs) { blob in
            if try layout.hasBlob(blob) { return transfer.skip(blob) }
            let isNew = try await fetch(blob, from: graph.repository)
            try await layout.takeBlob(blob, from: blobs, isVerified: isNew)
        }
        for manifest in graph.manifests { try layout.addBlob(manifest.bytes) }
        try layout.addImage(graph.top, referenceName: name ?? ownName)
    }

    /// Fetches everything into the local store, where it is read like any image on disk.
    ///
    /// - Parameters:
    ///   - graph: As ``resolve()`` has found it.
    ///   - hasImages: Whether images are wanted one by one, because they may change.
    /// - Returns: What the store has now.
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func fetch(_ graph: RemoteGraph, hasImages: Bool = false) async throws -> StoredGraph {
        do {
            try await each(graph.blobs) { _ = try await fetch($0, from: graph.repository) }
        } catch let failure as RegistryFailure {
            throw failure.about(source.familiarDescription)
        }
        for manifest in graph.manifests { try await blobs.put(manifest.bytes, as: manifest.descriptor) }
        let entry = ImageLayout.entry(for: graph.top, referenceName: ownName)
        return try StoredGraph(of: [entry], in: blobs, hasImages: hasImages)
    }

    /// Fetches a blob unless the store has it, and tells whether it did.
    private func fetch(_ blob: Descriptor, from repository: RegistryRepository) async throws -> Bool {
        if try await blobs.hasBlob(blob) {
            transfer.skip(blob)
            return false
        }
        try await blobs.putBlob(blob, from: CountedSource(source: repository, progress: transfer))
        transfer.finish(blob)
        return true
    }

    /// The name that an image has in a layout that gives it no other.
    private var ownName: String? {
        source.tag.map { "\(source.familiarName):\($0)" } ?? (source.digest == nil ? source.familiarName : nil)
    }

    private func each(_ blobs: [Descriptor], _ body: @escaping @Sendable (Descriptor) async throws -> Void) async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for blob in blobs { group.addTask { try await body(blob) } }
            try await group.waitForAll()
        }
    }
}

extension ResolvedImage {
    /// The manifest's bytes, which are in the store since it was resolved.
    fileprivate func manifest(in blobs: LocalBlobs) throws -> RegistryManifest {
        guard let bytes = try blobs.document(manifest.digest) else {
            throw RegistryFailure(.protocolViolation("its manifest is no longer in the cache"))
        }
        return RegistryManifest(bytes, mediaType: manifest.mediaType)
    }
}
