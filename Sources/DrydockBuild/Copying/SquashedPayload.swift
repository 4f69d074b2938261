// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// The images of a copy, each with one layer that holds what a container of it sees.
struct SquashedPayload: ImagePayload {
    /// One image with the number of its only layer.
    private struct Image: Sendable {
        let planned: CopyPlan.Image
        let number: Int
    }

    private let layers: [LayerRecipe]
    private let packers: [LayerPacker]
    private let images: [Image]
    private let isForDockerArchive: Bool

    /// Computes the root file systems; every layer is read once and verified.
    ///
    /// - Throws: As `ImageTree.entries(of:temporaryDirectory:width:)`.
    init(_ plan: CopyPlan, temporaryDirectory: String, workers: Int, progress: ProgressCounter) async throws {
        var layers: [LayerRecipe] = []
        var packers: [LayerPacker] = []
        var images: [Image] = []
        var numbers: [SquashKey: Int] = [:]
        for image in plan.images {
            let key = SquashKey(diffIDs: image.stored.layers.map(\.diffID), compression: plan.compression(of: image))
            if numbers[key] == nil {
                numbers[key] = layers.count
                layers.append(try await Self.recipe(of: image.stored, temporaryDirectory))
                packers.append(LayerPacker(compression: key.compression, workers: workers, progress: progress))
            }
            images.append(Image(planned: image, number: numbers[key] ?? 0))
        }
        (self.layers, self.packers, self.images) = (layers, packers, images)
        isForDockerArchive = plan.isForDockerArchive
    }

    /// What makes two squashed layers the same at the destination.
    private struct SquashKey: Hashable {
        let diffIDs: [Digest]
        let compression: CompressionFormat
    }

    private static func recipe(of image: StoredImage, _ temporaryDirectory: String) async throws -> LayerRecipe {
        let stored = try StoredLayers.of(image, temporaryDirectory: temporaryDirectory)
        return try LayerRecipe(
            entries: try await ImageTree.tree(of: stored.map(LayerContent.stored), names: stored.map(\.name))
        )
    }

    // MARK: Layers

    var layerSizes: [Int64] { layers.map(\.size) }

    var expectedLayers: [PackedLayer]? {
        guard packers.allSatisfy({ $0.compression == .none }) else { return nil }
        return layers.enumerated().map { PackedLayer(placeholder: $0.offset, size: $0.element.size) }
    }

    func knownLayer(_ number: Int) -> PackedLayer? { nil }

    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer {
        try await unsafe packers[number].pack(.recipe(layers[number]), writing: write)
    }

    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        try await unsafe packAnew(number, again: last, writing: write)
    }

    func measure(_ number: Int) async throws -> PackedLayer {
        try await packers[number].measure(.recipe(layers[number]))
    }

    func openTar(_ number: Int) throws -> any ByteReader { LayerStream(layers[number]) }

    // MARK: Documents

    func images(with layers: [PackedLayer]) throws -> [PayloadImage] {
        images.map { image in
            PayloadImage(image: squashed(image.planned, layers[image.number]), layerNumbers: [image.number])
        }
    }

    private func squashed(_ image: CopyPlan.Image, _ layer: PackedLayer) -> BuiltImage {
        let configuration = image.stored.configuration.squashed(to: layer.diffID, from: image.stored)
        let bytes = CanonicalJSON.encode(configuration)
        var manifest = ImageManifest(
            config: Descriptor(of: bytes, mediaType: .imageConfiguration),
            layers: [isForDockerArchive ? layer.uncompressed : layer.descriptor]
        )
        if !isForDockerArchive {
            manifest.annotations = image.stored.manifest.annotations
            manifest.unknown = image.stored.manifest.unknown
            manifest.convert(to: image.format ?? image.stored.format)
        }
        return BuiltImage(
            configuration: configuration,
            configurationBytes: bytes,
            manifestBytes: CanonicalJSON.encode(manifest),
            layers: [PackedLayer(diffID: layer.diffID, descriptor: manifest.layers[0], tarSize: layer.tarSize)],
            references: image.references,
            manifestType: manifest.mediaType ?? .imageManifest
        )
    }
}

extension CopyPlan {
    /// How the one layer of a squashed image is compressed: as all of its layers are, or else with gzip.
    fileprivate func compression(of image: Image) -> CompressionFormat {
        if isForDockerArchive { return .none }
        let results = Set(image.layerNumbers.map { layers[$0].result })
        return results.count == 1 ? results.first ?? .gzip : .gzip
    }
}

extension ImageConfiguration {
    /// The configuration with one layer in place of all, which the history says.
    fileprivate func squashed(to diffID: Digest, from image: StoredImage) -> ImageConfiguration {
        var configuration = self
        let count = image.layers.count == 1 ? "1 layer" : "\(image.layers.count) layers"
        var step = HistoryEntry(createdBy: "drydock: squash of \(count) of \(image.imageID)")
        step.created = created
        configuration.history = (history ?? []).map(\.withoutLayer) + [step]
        configuration.rootfs.diffIDs = [diffID]
        return configuration
    }
}
