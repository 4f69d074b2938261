// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// A blob that goes with a graph as it is, wherever it is now.
enum GraphBlob: Sendable {
    case stored(StoredBlob)
    /// It goes from one registry to another, and to no other place.
    case remote(Descriptor, RegistryRepository)

    var descriptor: Descriptor {
        switch self {
        case .stored(let blob): blob.descriptor
        case .remote(let descriptor, _): descriptor
        }
    }
}

/// Images with the indexes that list them, and what goes with both: attestations and artifacts.
///
/// The layers of the images come first, by the numbers that they have there; behind them are the blobs that stay as they
/// are.
struct GraphPayload: ImagePayload {
    /// Writes the documents once the images are known.
    typealias Listing = @Sendable (_ images: [BuiltImage]) throws -> PayloadGraph

    /// The images whose layers may change; nil if nothing does.
    let copied: CopiedPayload?
    let blobs: [GraphBlob]
    let packer: LayerPacker
    let listing: Listing

    private var copiedCount: Int { copied?.layerSizes.count ?? 0 }

    /// The images, and the number of the payload's layers that belong to them.
    private func part(_ number: Int) -> (copied: CopiedPayload?, blob: GraphBlob?) {
        number < copiedCount ? (copied, nil) : (nil, blobs[number - copiedCount])
    }

    var layerSizes: [Int64] { (copied?.layerSizes ?? []) + blobs.map(\.descriptor.size) }

    var expectedLayers: [PackedLayer]? {
        guard let copied else { return blobs.map(Self.layer) }
        return copied.expectedLayers.map { $0 + blobs.map(Self.layer) }
    }

    func knownLayer(_ number: Int) -> PackedLayer? {
        let (copied, blob) = part(number)
        return blob.map(Self.layer) ?? copied?.knownLayer(number)
    }

    func existingBlob(_ number: Int) -> (any BlobSource)? {
        let (copied, blob) = part(number)
        switch blob {
        case .stored(let stored): return FileBlob(stored)
        case .remote(_, let repository): return repository
        case nil: return copied?.existingBlob(number)
        }
    }

    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer {
        let (copied, blob) = part(number)
        if let copied { return try await unsafe copied.pack(number, writing: write) }
        guard case .stored(let stored) = blob else { preconditionFailure("A blob of a registry is sent, not packed") }
        let stream = try stored.open(verifying: false)
        let (digest, size, _) = try await unsafe packer.copy(stream, size: stored.descriptor.size, writing: write)
        try stored.verify(stored: digest, size: size)
        return Self.layer(.stored(stored))
    }

    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        try await unsafe packAnew(number, again: last, writing: write)
    }

    func measure(_ number: Int) async throws -> PackedLayer {
        let (copied, blob) = part(number)
        if let copied { return try await copied.measure(number) }
        guard let blob else { preconditionFailure("There is no layer \(number)") }
        packer.progress.add(Int(blob.descriptor.size))
        return Self.layer(blob)
    }

    func openTar(_ number: Int) throws -> any ByteReader {
        let (copied, blob) = part(number)
        if let copied { return try copied.openTar(number) }
        guard case .stored(let stored) = blob else { preconditionFailure("A blob of a registry is sent, not packed") }
        return try stored.open()
    }

    func images(with layers: [PackedLayer]) throws -> [PayloadImage] {
        try copied?.images(with: Array(layers.prefix(copiedCount))) ?? []
    }

    func graph(of images: [BuiltImage]) throws -> PayloadGraph? {
        var graph = try listing(images)
        graph.blobs = blobs.enumerated().map { (copiedCount + $0.offset, $0.element.descriptor) }
        return graph
    }

    private static func layer(_ blob: GraphBlob) -> PackedLayer {
        let descriptor = blob.descriptor
        return PackedLayer(diffID: descriptor.digest, descriptor: descriptor, tarSize: descriptor.size)
    }
}
