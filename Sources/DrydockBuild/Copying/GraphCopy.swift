// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
public import DrydockOCI
public import DrydockStorage

/// Indexes with all of their images, attestations and artifacts on their way to another image layout, where nothing changes.
public struct GraphCopy: Sendable {
    /// What is copied.
    public let graph: StoredGraph
    /// The entries of the index at the destination.
    public let entries: [Descriptor]

    /// A copy to a destination, which may give its only entry another name.
    ///
    /// - Throws: ``CopyFailure`` if there are several entries for one name.
    public init(of graph: StoredGraph, to destination: Destination) throws {
        self.graph = graph
        guard let name = destination.reference else {
            entries = graph.entries
            return
        }
        guard Set(graph.entries.map(\.digest)).count == 1, let entry = graph.entries.first else {
            throw CopyFailure.oneNameForMany(name, count: graph.entries.count)
        }
        entries = [ImageLayout.entry(for: entry, referenceName: name)]
    }

    /// The sizes of the blobs, and what they are called.
    public var work: [(size: Int64, title: String)] {
        graph.blobs.map { ($0.descriptor.size, "\($0.descriptor.digest)") }
    }

    /// Writes all of it.
    ///
    /// - Parameters:
    ///   - destination: An image layout or an archive of one; under its final name it is complete or absent.
    ///   - width: The number of threads, by default that of the processors.
    ///   - progress: Told of every step.
    /// - Throws: `ImageStorageFailure` for a source that is damaged; ``DeliveryError``; `SystemError`; `CancellationError`.
    public func deliver(
        to destination: Destination,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let payload = GraphPayload(
                stored: graph.blobs,
                graph: PayloadGraph(
                    blobs: graph.blobs.map(\.descriptor),
                    documents: graph.documents,
                    entries: entries
                ),
                packer: LayerPacker(compression: .none, workers: pool.width, progress: progress)
            )
            let delivery = Delivery(payload: payload, modificationTime: 1, width: pool.width, progress: progress)
            _ = try await delivery.deliver(to: destination)
        }
    }
}

/// Blobs of any kind, and the documents that lead to them.
private struct GraphPayload: ImagePayload {
    let stored: [StoredBlob]
    let graph: PayloadGraph?
    let packer: LayerPacker

    var layerSizes: [Int64] { stored.map(\.descriptor.size) }

    var expectedLayers: [PackedLayer]? { stored.map(Self.layer) }

    func knownLayer(_ number: Int) -> PackedLayer? { Self.layer(stored[number]) }

    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer {
        let blob = stored[number]
        let stream = try blob.open(verifying: false)
        let (digest, size, _) = try await unsafe packer.copy(stream, size: blob.descriptor.size, writing: write)
        try blob.verify(stored: digest, size: size)
        return Self.layer(blob)
    }

    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        try await unsafe packAnew(number, again: last, writing: write)
    }

    func measure(_ number: Int) async throws -> PackedLayer {
        packer.progress.add(Int(stored[number].descriptor.size))
        return Self.layer(stored[number])
    }

    func openTar(_ number: Int) throws -> any ByteReader { try stored[number].open() }

    func images(with layers: [PackedLayer]) throws -> [PayloadImage] { [] }

    private static func layer(_ blob: StoredBlob) -> PackedLayer {
        PackedLayer(diffID: blob.diffID, descriptor: blob.descriptor, tarSize: blob.descriptor.size)
    }
}
