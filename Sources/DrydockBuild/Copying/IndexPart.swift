// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockRegistry
public import DrydockStorage

/// Images of one source that a new index is to list, and the attestations that speak of them.
public struct IndexPart: Sendable {
    /// The source in the user's words.
    let source: String
    /// Images whose layers are on this machine.
    var images: [StoredImage] = []
    /// The manifests of images that stay in registries, each with its platform.
    var remote: [Descriptor] = []
    /// Those of attestations, and of images that stay in registries.
    var documents: [StoredGraph.Document] = []
    /// The blobs of these documents.
    var blobs: [GraphBlob] = []
    /// How many artifacts the source has beside its images.
    var artifactCount = 0

    /// Images of a docker-archive.
    public init(_ images: [StoredImage], source: String) {
        self.source = source
        self.images = images
    }

    /// The images of a graph that was read with them one by one, and their attestations.
    ///
    /// - Throws: `JSONFailure` if a document is not what it says it is.
    public init(_ graph: StoredGraph, source: String) throws {
        self.init(graph.images, source: source)
        let own = Set(graph.images.map(\.descriptor.digest))
        let manifests = graph.documents.filter(\.descriptor.mediaType.isManifest)
        documents = manifests.filter { $0.descriptor.attestedDigest.map(own.contains) == true }
        artifactCount = manifests.count - documents.count
        let left = Set(manifests.map(\.descriptor.digest)).subtracting(documents.map(\.descriptor.digest))
        blobs = try graph.blobs(omitting: left).map(GraphBlob.stored)
    }

    /// All manifests that the index lists, but for those of images whose layers may change.
    var attestations: [Descriptor] { documents.map(\.descriptor).filter { $0.attestedDigest != nil } }
}

extension RemoteCopy {
    /// The images that a reference means, for an index in a registry: no layer is fetched.
    ///
    /// - Parameters:
    ///   - graph: As ``resolve()`` has found it.
    ///   - target: Where the index goes; what that repository has already need not go there.
    ///   - text: The source in the user's words.
    /// - Returns: The images, and what each of them runs on.
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func part(of graph: RemoteGraph, for target: PushTarget, source text: String) async throws -> IndexPart {
        var part = IndexPart([], source: text)
        let entries = try graph.listedEntries()
        for manifest in graph.manifests where manifest.descriptor.mediaType.isManifest {
            let entry = entries[manifest.descriptor.digest] ?? manifest.descriptor
            if entry.attestedDigest == nil {
                guard let platform = try await platform(of: manifest, in: graph) else {
                    part.artifactCount += 1
                    continue
                }
                part.remote.append(entry.running(on: platform))
            }
            part.documents.append(StoredGraph.Document(descriptor: entry, bytes: manifest.bytes))
        }
        try await part.bring(graph, to: target, rememberingIn: store)
        return part
    }

    /// What an image runs on, as its configuration says; nil if the manifest is no image's.
    private func platform(of manifest: RegistryManifest, in graph: RemoteGraph) async throws -> Platform? {
        let config = try ImageManifest(parsing: manifest.bytes).config
        guard config.mediaType.isConfiguration else { return nil }
        try await blobs.putBlob(config, from: graph.repository)
        return try blobs.document(config.digest).map { try ImageConfiguration(parsing: $0).platform }
    }
}

extension IndexPart {
    /// Adds the blobs of the documents, unless they are where the index goes.
    fileprivate mutating func bring(
        _ graph: RemoteGraph,
        to target: PushTarget,
        rememberingIn store: LocalStore
    ) async throws {
        let from = graph.repository
        let there = try await target.client.repository(of: target.reference)
        guard there.registry != from.registry || there.name != from.name else {
            documents = documents.filter { $0.descriptor.attestedDigest != nil }
            return
        }
        // Where both are in one registry, blobs are mounted from there.
        try? store.rememberPlace(of: graph.blobs.map(\.digest), registry: from.registry, repository: from.name)
        var seen: Set<Digest> = []
        for document in documents {
            let manifest = try ImageManifest(parsing: document.bytes)
            for blob in [manifest.config] + manifest.layers where seen.insert(blob.digest).inserted {
                // Layers that must not be distributed are fetched from elsewhere.
                if blob.urls?.isEmpty ?? true { blobs.append(.remote(blob, from)) }
            }
        }
    }
}

extension RemoteGraph {
    /// What indexes say of what they list, by its digest.
    fileprivate func listedEntries() throws(JSONFailure) -> [Digest: Descriptor] {
        var entries: [Digest: Descriptor] = [:]
        for manifest in manifests where manifest.descriptor.mediaType.isIndex {
            for entry in try ImageIndex(parsing: manifest.bytes).manifests where entries[entry.digest] == nil {
                entries[entry.digest] = entry
            }
        }
        return entries
    }
}

extension Descriptor {
    /// Names that layouts give their images, which mean nothing in another index.
    private static let names = [ImageLayout.referenceNameAnnotation, "io.containerd.image.name"]

    /// The entry of an index for an image, with what it runs on.
    func running(on platform: Platform) -> Descriptor {
        var entry = self
        // An index may say more than a configuration can.
        if entry.platform?.satisfies(platform) != true { entry.platform = platform }
        for name in Self.names { entry.annotations?[name] = nil }
        if entry.annotations?.isEmpty == true { entry.annotations = nil }
        return entry
    }
}
