// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
public import DrydockOCI

/// Everything that entries of an image layout lead to: indexes, images for all platforms, attestations, artifacts.
///
/// Indexes and manifests have the digests that they should have; blobs are verified when they are read. What an index
/// names and the layout does not have stays away, as where one image of an index was copied.
public struct StoredGraph: Sendable {
    /// An index or a manifest.
    public struct Document: Sendable {
        /// Its type, digest and size, and what the index above it says of it.
        public let descriptor: Descriptor
        /// Its bytes.
        public let bytes: [UInt8]
    }

    /// The path of the layout or archive in the user's words.
    public let path: String
    /// The entries of `index.json`, each with its name.
    public let entries: [Descriptor]
    /// Indexes and manifests, each after all that it leads to.
    public let documents: [Document]
    /// Configurations, layers and other blobs, each once.
    public let blobs: [StoredBlob]

    /// Whether a copy of images alone would lack something: there are indexes, attestations or artifacts.
    public let isMoreThanImages: Bool

    /// Reads what a name means, or else everything; blocks.
    ///
    /// Nil if there is no image layout but a docker-archive, which has no indexes.
    ///
    /// - Parameters:
    ///   - location: Where it is.
    ///   - temporaryDirectory: Where an archive that is compressed as a whole is kept while its blobs are read.
    /// - Throws: ``ImageStorageFailure``; `SystemError`.
    public init?(at location: ImageLocation, temporaryDirectory: String = "/tmp") throws {
        switch try StoredImage.contents(at: location, temporaryDirectory) {
        case .layout(let directory): self = try GraphReader.read(directory, .ociLayout, location.reference)
        case .archive(_, .dockerArchive): return nil
        case .archive(let archive, let transport): self = try GraphReader.read(archive, transport, location.reference)
        }
    }

    fileprivate init(path: String, entries: [Descriptor], _ reader: GraphReader<some ImageContents>) {
        self.path = path
        self.entries = entries
        documents = reader.documents
        blobs = reader.blobs
        isMoreThanImages = reader.isMoreThanImages || Set(entries.compactMap(\.referenceName)).count < entries.count
    }
}

private struct GraphReader<Contents: ImageContents> {
    /// As for reading one image.
    private static var depthLimit: Int { 8 }
    private static var documentLimit: Int { 1024 }

    private let contents: Contents
    private(set) var documents: [StoredGraph.Document] = []
    private(set) var blobs: [StoredBlob] = []
    private(set) var isMoreThanImages = false
    private var seen: Set<Digest> = []

    static func read(
        _ contents: Contents,
        _ transport: ImageLocation.Transport,
        _ name: String?
    ) throws -> StoredGraph {
        let index: ImageIndex = try contents.document("index.json")
        guard !index.manifests.isEmpty else { throw contents.failure(.noImage) }
        let layout = LayoutReader(contents, transport)
        let entries = try name.map { try layout.candidates(in: index, named: $0) } ?? index.manifests
        var reader = GraphReader(contents: contents)
        for entry in entries { try reader.collect(entry, depth: 1) }
        return StoredGraph(path: contents.path, entries: entries, reader)
    }

    private init(contents: Contents) { self.contents = contents }

    private mutating func collect(_ descriptor: Descriptor, depth: Int) throws {
        guard seen.insert(descriptor.digest).inserted else { return }
        guard depth <= Self.depthLimit, documents.count < Self.documentLimit else {
            throw contents.failure(.indexTooDeep(limit: depth > Self.depthLimit ? Self.depthLimit : Self.documentLimit))
        }
        // An index may name what is not here; an entry of the layout itself may not.
        if depth > 1, try contents.place(of: Contents.blobName(descriptor.digest)) == nil { return }
        if descriptor.mediaType.isManifest { return try collectManifest(descriptor) }
        isMoreThanImages = true
        guard descriptor.mediaType.isIndex else { return try add(descriptor) }
        let bytes = try contents.blob(descriptor, named: "image index")
        let index: ImageIndex = try contents.parse(bytes, named: "image index")
        for child in index.manifests { try collect(child, depth: depth + 1) }
        documents.append(StoredGraph.Document(descriptor: descriptor, bytes: bytes))
    }

    private mutating func collectManifest(_ descriptor: Descriptor) throws {
        let bytes = try contents.blob(descriptor, named: "image manifest")
        let manifest: ImageManifest = try contents.parse(bytes, named: "image manifest")
        if !manifest.config.mediaType.isConfiguration || descriptor.isAttestation { isMoreThanImages = true }
        for blob in [manifest.config] + manifest.layers where seen.insert(blob.digest).inserted { try add(blob) }
        documents.append(StoredGraph.Document(descriptor: descriptor, bytes: bytes))
    }

    private mutating func add(_ blob: Descriptor) throws {
        guard let place = try contents.place(of: Contents.blobName(blob.digest)) else {
            // What must not be distributed is fetched from elsewhere.
            if blob.urls?.isEmpty == false { return }
            throw contents.failure(.missingMember("blob \(blob.digest)"))
        }
        guard place.size == blob.size else {
            throw contents.failure(.sizeMismatch(name: "blob \(blob.digest)", expected: blob.size, actual: place.size))
        }
        blobs.append(StoredBlob(opaque: blob, at: place, of: contents.path))
    }
}
