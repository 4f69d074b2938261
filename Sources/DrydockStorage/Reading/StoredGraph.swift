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

        /// A document that was read or made.
        public init(descriptor: Descriptor, bytes: [UInt8]) {
            self.descriptor = descriptor
            self.bytes = bytes
        }
    }

    /// The path of the layout or archive in the user's words.
    public let path: String
    /// The entries of `index.json`, each with its name.
    public let entries: [Descriptor]
    /// Indexes and manifests, each after all that it leads to.
    public let documents: [Document]
    /// Configurations, layers and other blobs, each once.
    public let blobs: [StoredBlob]
    /// The images, if they were asked for one by one: their manifests are not among ``documents`` then, nor their
    /// configurations and layers among ``blobs``.
    public let images: [StoredImage]

    /// Whether a copy of images alone would lack something: there are indexes, attestations or artifacts.
    public let isMoreThanImages: Bool

    /// Reads what a name means, or else everything; blocks.
    ///
    /// Nil if there is no image layout but a docker-archive, which has no indexes.
    ///
    /// - Parameters:
    ///   - location: Where it is.
    ///   - hasImages: Whether images are wanted one by one, because they may change.
    ///   - temporaryDirectory: Where an archive that is compressed as a whole is kept while its blobs are read.
    /// - Throws: ``ImageStorageFailure``; `SystemError`.
    public init?(at location: ImageLocation, hasImages: Bool = false, temporaryDirectory: String = "/tmp") throws {
        switch try StoredImage.contents(at: location, temporaryDirectory) {
        case .layout(let directory):
            self = try GraphReader(directory, .ociLayout, hasImages).graph(named: location.reference)
        case .archive(_, .dockerArchive): return nil
        case .archive(let archive, let transport):
            self = try GraphReader(archive, transport, hasImages).graph(named: location.reference)
        }
    }

    /// Reads what entries lead to in the local store, which has all of it; blocks.
    ///
    /// - Throws: As ``init(at:hasImages:temporaryDirectory:)``.
    public init(of entries: [Descriptor], in blobs: LocalBlobs, hasImages: Bool = false) throws {
        let contents = DirectoryContents(path: blobs.directory)
        self = try GraphReader(contents, .ociLayout, hasImages).graph(of: entries)
    }

    fileprivate init(path: String, entries: [Descriptor], _ reader: GraphReader<some ImageContents>) {
        self.path = path
        self.entries = entries
        documents = reader.documents
        blobs = reader.blobs
        images = reader.images
        isMoreThanImages = reader.isMoreThanImages || Set(entries.compactMap(\.referenceName)).count < entries.count
    }
}

private struct GraphReader<Contents: ImageContents> {
    /// As for reading one image.
    private static var depthLimit: Int { 8 }
    private static var documentLimit: Int { 1024 }

    private let contents: Contents
    private let layout: LayoutReader<Contents>
    private let hasImages: Bool
    private(set) var documents: [StoredGraph.Document] = []
    private(set) var blobs: [StoredBlob] = []
    private(set) var images: [StoredImage] = []
    private(set) var isMoreThanImages = false
    private var seen: Set<Digest> = []

    init(_ contents: Contents, _ transport: ImageLocation.Transport, _ hasImages: Bool) {
        self.contents = contents
        self.hasImages = hasImages
        layout = LayoutReader(contents, transport)
    }

    /// What a name in the layout's index leads to, or everything.
    func graph(named name: String?) throws -> StoredGraph {
        let index: ImageIndex = try contents.document("index.json")
        guard !index.manifests.isEmpty else { throw contents.failure(.noImage) }
        return try graph(of: name.map { try layout.candidates(in: index, named: $0) } ?? index.manifests)
    }

    func graph(of entries: [Descriptor]) throws -> StoredGraph {
        var reader = self
        for entry in entries { try reader.collect(entry, depth: 1) }
        return StoredGraph(path: contents.path, entries: entries, reader)
    }

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
        if !manifest.config.mediaType.isConfiguration || descriptor.isAttestation {
            isMoreThanImages = true
        } else if hasImages {
            return images.append(try layout.image(of: descriptor))
        }
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
