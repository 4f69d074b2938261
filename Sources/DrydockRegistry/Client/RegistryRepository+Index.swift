// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
public import DrydockOCI

extension RegistryRepository {
    /// Puts an index with the images that it lists, in an order in which nothing ever leads to what is not there: blobs,
    /// then the images' manifests by their digests, then the index by its digest, then the tag.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - manifests: The manifests that it lists, or the indexes, what those list before them; those that the repository has
    ///     may be left out.
    ///   - source: The blobs of these manifests; what the repository has is not read.
    ///   - tag: The tag; nil for none.
    /// - Throws: ``RegistryFailure``, also if the index lists what is neither given nor there, and then before anything is
    ///   sent; what the source throws.
    public func putIndex(
        _ index: RegistryManifest,
        listing manifests: [RegistryManifest],
        blobs source: any BlobSource,
        tag: String?
    ) async throws {
        let document: ImageIndex = try Self.parse(index, "image index")
        let given = Set(manifests.map(\.descriptor.digest))
        for entry in document.manifests where !given.contains(entry.digest) {
            guard try await manifestDescriptor(.digest(entry.digest)) != nil else {
                throw RegistryFailure(.incompleteIndex(entry.digest))
            }
        }
        try await putBlobs(of: manifests, from: source)
        try await publish(manifests + [index], tag: tag)
    }

    /// Puts the blobs of manifests, each once, several at a time.
    private func putBlobs(of manifests: [RegistryManifest], from source: any BlobSource) async throws {
        var blobs: Set<Descriptor> = []
        for manifest in manifests where manifest.descriptor.mediaType.isManifest {
            let document: ImageManifest = try Self.parse(manifest, "image manifest")
            blobs.formUnion(([document.config] + document.layers).map(\.content))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for blob in blobs { group.addTask { try await putBlob(blob, from: source) } }
            try await group.waitForAll()
        }
    }

    private static func parse<Document: JSONConvertible>(
        _ manifest: RegistryManifest,
        _ name: String
    ) throws -> Document {
        do { return try Document(parsing: manifest.bytes) } catch {
            throw RegistryFailure(.malformedDocument(name: name, failure: error))
        }
    }
}

extension Descriptor {
    /// What the bytes are, without what is said of them.
    fileprivate var content: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }
}
