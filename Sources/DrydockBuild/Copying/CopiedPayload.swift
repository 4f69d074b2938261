// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// The images of a copy, and the way to their layers' bytes.
struct CopiedPayload: ImagePayload {
    let plan: CopyPlan
    /// How many blocks of one layer are compressed at once.
    let workers: Int
    let progress: ProgressCounter

    var layerSizes: [Int64] { plan.layers.map(\.blob.descriptor.size) }

    var expectedLayers: [PackedLayer]? {
        let known = plan.layers.indices.compactMap(knownLayer)
        return known.count == plan.layers.count ? known : nil
    }

    func knownLayer(_ number: Int) -> PackedLayer? {
        let layer = plan.layers[number]
        guard layer.treatment == .unchanged else { return nil }
        let isPlain = layer.blob.compression == .none
        return PackedLayer(
            diffID: layer.blob.diffID,
            descriptor: layer.blob.descriptor,
            tarSize: isPlain ? layer.blob.descriptor.size : 0
        )
    }

    func existingBlob(_ number: Int) -> (any BlobSource)? {
        guard plan.layers[number].treatment == .unchanged else { return nil }
        return FileBlob(plan.layers[number].blob)
    }

    func pack(_ number: Int, writing write: LayerPacker.Write) async throws -> PackedLayer {
        let blob = plan.layers[number].blob
        if let known = knownLayer(number) {
            let stream = try blob.open(verifying: false)
            let (digest, size, _) = try await unsafe packer(.none).copy(
                stream,
                size: known.descriptor.size,
                writing: write
            )
            try blob.verify(stored: digest, size: size)
            return known
        }
        var compression = CompressionFormat.none
        if case .compressed(let format) = plan.layers[number].treatment { compression = format }
        let tar = try blob.openTar(verifying: false)
        let packed = try await unsafe packer(compression).pack(tar, size: nil, writing: write)
        try blob.verify(tar: packed.diffID, size: packed.tarSize)
        return packed
    }

    func pack(_ number: Int, again last: PackedLayer, writing write: LayerPacker.Write) async throws {
        try await unsafe packAnew(number, again: last, writing: write)
    }

    func measure(_ number: Int) async throws -> PackedLayer {
        if let known = knownLayer(number) {
            progress.add(Int(known.descriptor.size))
            return known
        }
        return try await unsafe pack(number) { _ in }
    }

    func openTar(_ number: Int) throws -> any ByteReader { try plan.layers[number].blob.openTar() }

    private func packer(_ compression: CompressionFormat) -> LayerPacker {
        LayerPacker(compression: compression, workers: workers, progress: progress)
    }

    // MARK: Documents

    func images(with layers: [PackedLayer]) throws -> [PayloadImage] {
        plan.images.map { image in
            let packed = image.layerNumbers.map { layers[$0] }
            return PayloadImage(image: built(image, packed), layerNumbers: image.layerNumbers)
        }
    }

    private func built(_ image: CopyPlan.Image, _ packed: [PackedLayer]) -> BuiltImage {
        let stored = image.stored
        var built = BuiltImage(
            configuration: stored.configuration,
            configurationBytes: stored.configurationBytes,
            manifestBytes: stored.manifestBytes,
            layers: packed,
            references: image.references
        )
        built.manifestType = stored.descriptor.mediaType
        guard let format = image.format else {
            built.entry = entry(of: stored)
            return built
        }
        let manifest = manifest(of: image, packed, format)
        let bytes = CanonicalJSON.encode(manifest)
        return BuiltImage(
            configuration: stored.configuration,
            configurationBytes: stored.configurationBytes,
            manifestBytes: bytes,
            layers: zip(packed, manifest.layers).map { layer, descriptor in
                PackedLayer(diffID: layer.diffID, descriptor: descriptor, tarSize: layer.tarSize)
            },
            references: image.references,
            manifestType: manifest.mediaType ?? .imageManifest
        )
    }

    /// What an index says of an image that stays as it is, but for its name.
    private func entry(of stored: StoredImage) -> Descriptor {
        var entry = stored.descriptor
        entry.annotations?[ImageLayout.referenceNameAnnotation] = nil
        if entry.annotations?.isEmpty == true { entry.annotations = nil }
        entry.platform = entry.platform ?? stored.platform
        return entry
    }

    private func manifest(
        of image: CopyPlan.Image,
        _ packed: [PackedLayer],
        _ format: ImageCopy.Format
    ) -> ImageManifest {
        if plan.isForDockerArchive {
            let config = Descriptor(of: image.stored.configurationBytes, mediaType: .imageConfiguration)
            return ImageManifest(config: config, layers: packed.map(\.uncompressed))
        }
        var manifest = image.stored.manifest
        for (position, number) in image.layerNumbers.enumerated() {
            manifest.layers[position].mediaType = plan.layers[number].result.layerMediaType
            manifest.layers[position].digest = packed[position].descriptor.digest
            manifest.layers[position].size = packed[position].descriptor.size
        }
        manifest.convert(to: format)
        return manifest
    }
}
