// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockJSON
public import DrydockOCI
public import DrydockStorage

/// Indexes with all of their images, attestations and artifacts on their way to another image layout, archive of one or registry.
///
/// Nothing changes, unless layers are to be compressed otherwise: then their images get other manifests, the indexes list
/// those, and what refers to an image as it was stays behind.
public struct GraphCopy: Sendable {
    /// What came of a copy.
    public struct Result: Sendable {
        /// The entries of the index at the destination.
        public let entries: [Descriptor]
        /// The manifests of images, attestations and artifacts that went there.
        public let manifests: [Descriptor]
        /// What changed on the way and why, a sentence each.
        public let changes: [String]
    }

    /// What is copied.
    public let graph: StoredGraph
    /// The entries of the index at the destination, if nothing changes.
    let entries: [Descriptor]
    private let plan: CopyPlan?
    /// What refers to images as they were before.
    private let omitted: Set<Digest>

    /// A copy to a destination, which may give its only entry another name.
    ///
    /// - Parameters:
    ///   - graph: What is copied; with its images one by one, if they may change.
    ///   - destination: An image layout or an archive of one.
    ///   - compression: How layers are compressed; nil keeps them as they are.
    /// - Throws: ``CopyFailure`` if there are several entries for one name.
    public init(of graph: StoredGraph, to destination: Destination, compression: CompressionFormat? = nil) throws {
        guard let name = destination.reference else {
            try self.init(graph, graph.entries, compression)
            return
        }
        guard let entry = graph.onlyEntry else {
            throw CopyFailure.oneNameForMany(name, count: Set(graph.entries.map(\.digest)).count)
        }
        try self.init(graph, [ImageLayout.entry(for: entry, referenceName: name)], compression)
    }

    init(_ graph: StoredGraph, _ entries: [Descriptor], _ compression: CompressionFormat?) throws {
        self.graph = graph
        self.entries = entries
        guard !graph.images.isEmpty else {
            plan = nil
            omitted = []
            return
        }
        var copy = ImageCopy(of: graph.images)
        copy.compression = compression
        let plan = try CopyPlan(unnamed: copy)
        let changed = plan.images.filter { $0.format != nil }.map(\.stored.descriptor.digest)
        self.plan = plan
        omitted = try graph.documents(about: Set(changed))
    }

    /// The sizes of the blobs, and what they are called.
    public var work: [(size: Int64, title: String)] {
        let layers = plan?.layers.map(\.blob.descriptor) ?? []
        return (layers + graph.blobs.map(\.descriptor)).map { ($0.size, "\($0.digest)") }
    }

    /// Writes all of it.
    ///
    /// - Parameters:
    ///   - destination: An image layout or an archive of one; under its final name it is complete or absent.
    ///   - width: The number of threads, by default that of the processors.
    ///   - progress: Told of every step.
    /// - Returns: What arrived.
    /// - Throws: `ImageStorageFailure` for a source that is damaged; ``DeliveryError``; `SystemError`; `CancellationError`.
    public func deliver(
        to destination: Destination,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let payload = try payload(workers: pool.width, progress)
            let delivery = Delivery(payload: payload, modificationTime: 1, width: pool.width, progress: progress)
            return try result(try await delivery.deliver(to: destination))
        }
    }

    func payload(workers: Int, _ progress: ProgressCounter) throws -> GraphPayload {
        GraphPayload(
            copied: plan.map { CopiedPayload(plan: $0, workers: workers, progress: progress) },
            blobs: try graph.blobs(omitting: omitted).map(GraphBlob.stored),
            packer: LayerPacker(compression: .none, workers: workers, progress: progress),
            listing: { [self] images in
                let changed = try indexes(listing: images)
                return PayloadGraph(documents: changed.documents, entries: changed.changed(entries))
            }
        )
    }

    /// The indexes when their images have become others.
    private func indexes(listing images: [BuiltImage]) throws(JSONFailure) -> ChangedIndexes {
        let successors = zip(graph.images, images).filter { $0.descriptor.digest != $1.manifest.digest }
            .map { ($0.descriptor.digest, $1.manifest) }
        var indexes = ChangedIndexes(
            successors: Dictionary(successors, uniquingKeysWith: { first, _ in first }),
            omitting: omitted
        )
        for document in graph.documents where !omitted.contains(document.descriptor.digest) {
            try indexes.add(document)
        }
        return indexes
    }

    /// What arrived, with the images that were delivered.
    func result(_ images: [BuiltImage]) throws -> Result {
        let indexes = try indexes(listing: images)
        let built = zip(graph.images, images).map { stored, image in
            var manifest = image.manifest
            manifest.platform = stored.descriptor.platform
            return manifest
        }
        return Result(
            entries: indexes.changed(entries),
            manifests: built + indexes.documents.map(\.descriptor).filter(\.mediaType.isManifest),
            changes: (plan?.changes(with: images) ?? []) + omission
        )
    }

    private var omission: [String] {
        guard !omitted.isEmpty else { return [] }
        return [
            omitted.count == 1
                ? "1 attestation or artifact refers to an image as it was and is left out"
                : "\(omitted.count) attestations or artifacts refer to images as they were and are left out"
        ]
    }
}

extension StoredGraph {
    /// The only thing that there is, whatever names it has.
    var onlyEntry: Descriptor? { Set(entries.map(\.digest)).count == 1 ? entries.first : nil }
}
