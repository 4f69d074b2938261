// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockOCI
import DrydockStorage

/// Bytes in order: a layer's tar while it is made, or a stored blob.
package protocol ByteReader: AnyObject {
    /// Puts the next bytes at the start of a buffer and returns their number; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension LayerStream: ByteReader {}
extension StoredBlobReader: ByteReader {}

/// The images that go to a destination: layers that can be produced at any time, and documents that follow from them.
///
/// A layer that several images share is there once.
protocol ImagePayload: Sendable {
    /// The size of each layer, which says how much work it is.
    var layerSizes: [Int64] { get }

    /// What the layers will be, if their sizes are known before they are packed; digests may be placeholders.
    var expectedLayers: [PackedLayer]? { get }

    /// What a layer will be, if its blob need not be produced where the destination has it already.
    func knownLayer(_ number: Int) -> PackedLayer?

    /// A layer's blob where it is already, as it will be; nil if it must be produced.
    func existingBlob(_ number: Int) -> (any BlobSource)?

    /// Produces a layer's blob from its first byte to its last.
    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer

    /// Produces a layer's blob once more.
    ///
    /// - Throws: ``DeliveryError/layerChanged(_:)`` when it is not what it was the first time.
    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws

    /// Finds out what a layer's blob will be, without keeping it.
    func measure(_ number: Int) async throws -> PackedLayer

    /// A layer's uncompressed tar.
    func openTar(_ number: Int) throws -> any ByteReader

    /// The images with these layers.
    func images(with layers: [PackedLayer]) throws -> [PayloadImage]

    /// What lists the images in an image layout or a registry, and goes there with them; nil if there are images alone.
    func graph(of images: [BuiltImage]) throws -> PayloadGraph?
}

/// Indexes and manifests beside those of images, or in place of them.
struct PayloadGraph: Sendable {
    /// Layers of the payload that are no image's, by their numbers.
    var blobs: [(number: Int, descriptor: Descriptor)] = []
    /// Indexes and manifests, each after all that it leads to.
    let documents: [StoredGraph.Document]
    /// The entries of the layout's index, in place of one for each name of each image.
    let entries: [Descriptor]
}

extension ImagePayload {
    func existingBlob(_ number: Int) -> (any BlobSource)? { nil }

    func graph(of images: [BuiltImage]) throws -> PayloadGraph? { nil }

    /// Produces the blob as the first time, and compares the two.
    func packAnew(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        let again = try await unsafe pack(number, writing: write)
        guard again.descriptor == last.descriptor else { throw DeliveryError.layerChanged(number) }
    }
}

/// One image of a payload.
struct PayloadImage: Sendable {
    let image: BuiltImage
    /// The number that each of its layers has in the payload.
    let layerNumbers: [Int]
}

/// The one image of a build.
struct PlannedPayload: ImagePayload {
    let plan: LayerPlan
    let template: ImageTemplate
    let packer: LayerPacker

    var layerSizes: [Int64] { plan.layers.map(\.size) }

    var expectedLayers: [PackedLayer]? {
        guard packer.compression == .none else { return nil }
        return plan.layers.enumerated().map { number, layer in
            if let kept = packer.kept(layer.content)?.layer { return kept }
            // What is remembered can be wrong; a stored layer is verified.
            guard case .stored(let stored) = layer.content else {
                return PackedLayer(placeholder: number, size: layer.size)
            }
            return PackedLayer(uncompressed: stored.blob.diffID, size: layer.size)
        }
    }

    func knownLayer(_ number: Int) -> PackedLayer? {
        packer.known(plan.layers[number].content)
    }

    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer {
        try await unsafe packer.pack(plan.layers[number].content, writing: write)
    }

    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        do {
            let layer = try await unsafe packer.pack(plan.layers[number].content, again: last, writing: write)
            guard layer.descriptor == last.descriptor else { throw DeliveryError.layerChanged(number) }
        } catch is LayerPacker.Changed {
            throw DeliveryError.layerChanged(number)
        }
    }

    func measure(_ number: Int) async throws -> PackedLayer {
        try await packer.measure(plan.layers[number].content)
    }

    func openTar(_ number: Int) throws -> any ByteReader {
        LayerStream(try plan.layers[number].content.recipe())
    }

    func images(with layers: [PackedLayer]) throws -> [PayloadImage] {
        [PayloadImage(image: template.image(layers: layers), layerNumbers: Array(layers.indices))]
    }
}
