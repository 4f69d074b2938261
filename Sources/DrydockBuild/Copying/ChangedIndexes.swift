// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Indexes after images in them have become others.
///
/// What refers to an image that changed, an attestation or an artifact, speaks of what is no longer there and is left out.
/// An index that lists nothing else than before keeps its bytes.
struct ChangedIndexes {
    /// What the indexes and manifests have become.
    private(set) var documents: [StoredGraph.Document] = []
    private var successors: [Digest: Descriptor]
    private let omitted: Set<Digest>

    /// - Parameters:
    ///   - successors: What images have become, by the digests of their manifests.
    ///   - omitted: What is left out.
    init(successors: [Digest: Descriptor], omitting omitted: Set<Digest>) {
        self.successors = successors
        self.omitted = omitted
    }

    /// Takes the next document, after all that it leads to.
    mutating func add(_ document: StoredGraph.Document) throws(JSONFailure) {
        guard document.descriptor.mediaType.isIndex else { return documents.append(document) }
        var index = try ImageIndex(parsing: document.bytes)
        let entries = changed(index.manifests)
        guard entries != index.manifests else { return documents.append(document) }
        index.manifests = entries
        let bytes = CanonicalJSON.encode(index)
        let descriptor = Descriptor(of: bytes, mediaType: document.descriptor.mediaType)
        successors[document.descriptor.digest] = descriptor
        documents.append(StoredGraph.Document(descriptor: descriptor, bytes: bytes))
    }

    /// Entries of an index or of a layout as they are now; what is said of them stays.
    func changed(_ entries: [Descriptor]) -> [Descriptor] {
        entries.compactMap { entry in
            guard !omitted.contains(entry.digest) else { return nil }
            guard let successor = successors[entry.digest] else { return entry }
            var changed = entry
            changed.mediaType = successor.mediaType
            changed.digest = successor.digest
            changed.size = successor.size
            // A copy of the bytes in base 64 would be one of others.
            changed.data = nil
            return changed
        }
    }
}

extension StoredGraph {
    /// The attestations and artifacts that refer to any of some images.
    func documents(about images: Set<Digest>) throws(JSONFailure) -> Set<Digest> {
        var found: Set<Digest> = []
        for document in documents {
            if document.descriptor.mediaType.isIndex {
                let entries = try ImageIndex(parsing: document.bytes).manifests
                found.formUnion(entries.filter { $0.attestedDigest.map(images.contains) == true }.map(\.digest))
            } else if let subject = try ImageManifest(parsing: document.bytes).subject, images.contains(subject.digest)
            {
                found.insert(document.descriptor.digest)
            }
        }
        found.formUnion(entries.filter { $0.attestedDigest.map(images.contains) == true }.map(\.digest))
        return found
    }

    /// The blobs of its documents, without those that some documents alone lead to.
    func blobs(omitting omitted: Set<Digest>) throws(JSONFailure) -> [StoredBlob] {
        guard !omitted.isEmpty else { return blobs }
        var left: Set<Digest> = []
        var kept: Set<Digest> = []
        for document in documents where document.descriptor.mediaType.isManifest {
            let manifest = try ImageManifest(parsing: document.bytes)
            let digests = ([manifest.config] + manifest.layers).map(\.digest)
            if omitted.contains(document.descriptor.digest) {
                left.formUnion(digests)
            } else {
                kept.formUnion(digests)
            }
        }
        return blobs.filter { !left.contains($0.descriptor.digest) || kept.contains($0.descriptor.digest) }
    }
}

extension Descriptor {
    /// The image that an attestation in an index speaks of.
    var attestedDigest: Digest? {
        guard isAttestation else { return nil }
        return annotations?["vnd.docker.reference.digest"].flatMap { try? Digest($0) }
    }
}
