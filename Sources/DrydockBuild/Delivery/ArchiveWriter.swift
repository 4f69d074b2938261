// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockTar

/// Writes images as one archive, in the best way that the destination allows.
struct ArchiveWriter<Payload: ImagePayload>: Sendable {
    let payload: Payload
    let form: ArchiveForm
    /// Seconds since 1970, for the members.
    let modificationTime: Int64
    /// The number of threads.
    let width: Int
    let progress: ProgressCounter

    private func layout(for images: [PayloadImage]) throws -> ArchiveLayout {
        let graph = try payload.graph(of: images.map(\.image))
        return try ArchiveLayout(
            form.members(for: images.withEqualLayersOnce, graph, modificationTime: modificationTime)
        )
    }
}

/// Two layers turned out to be the same while each was written to a place of its own.
struct LayerRepeated: Error {}

extension [PayloadImage] {
    /// The images with one number for layers that have the same blob, so that an archive holds it once.
    fileprivate var withEqualLayersOnce: [PayloadImage] {
        var numbers: [Digest: Int] = [:]
        return map { payload in
            let once = zip(payload.layerNumbers, payload.image.layers).map { number, layer in
                let known = numbers[layer.descriptor.digest, default: number]
                numbers[layer.descriptor.digest] = known
                return known
            }
            return PayloadImage(image: payload.image, layerNumbers: once)
        }
    }
}

// MARK: - Into a file, at places that are known

extension ArchiveWriter {
    /// Writes all layers at once, each to its place in the file; headers with digests are filled in last.
    ///
    /// The places are known beforehand, because the layers' sizes are and a digest's length is fixed.
    ///
    /// - Throws: ``LayerRepeated`` if layers have the same digest that seemed to be different; the archive has to be
    ///   streamed then.
    func writePlaced(_ expected: [PackedLayer], to path: String) async throws -> [BuiltImage] {
        let file = try PendingFile(for: path)
        let output = OutputDescriptor(number: file.number, path: path)
        let draft = try layout(for: payload.images(with: expected))
        try output.reserve(draft.size)
        let packed = try await pack(expected, into: output, at: draft)
        let images = try payload.images(with: packed)
        let layout = try layout(for: images)
        guard layout.layerCount == draft.layerCount else { throw LayerRepeated() }
        precondition(layout.size == draft.size, "An archive's layout depends on a digest's value")
        try fillIn(layout, output)
        try file.commit()
        return images.map(\.image)
    }

    private func pack(
        _ expected: [PackedLayer],
        into output: OutputDescriptor,
        at layout: ArchiveLayout
    ) async throws -> [PackedLayer] {
        var offsets: [Int: Int64] = [:]
        for place in layout.places {
            if case .layer(let number, _) = place.member.content { offsets[number] = place.contentOffset }
        }
        let crew = PackingCrew(width: width, progress: progress)
        return try await crew.pack(payload.layerSizes) { [payload, offsets] number in
            // The blob of another layer, whose digest is verified there.
            guard let offset = offsets[number] else { return expected[number] }
            var blob = BlobOutput(output, at: offset, isDurable: false)
            return try await unsafe payload.pack(number) { try unsafe blob.write($0) }
        }
    }

    /// Writes everything but the layers.
    ///
    /// Padding is left out: what was reserved and never written is zero.
    private func fillIn(_ layout: ArchiveLayout, _ output: OutputDescriptor) throws {
        for place in layout.places {
            try output.write(place.header, at: place.offset)
            if case .bytes(let bytes) = place.member.content { try output.write(bytes, at: place.contentOffset) }
        }
        try output.setSize(layout.size)
    }
}

// MARK: - Into a file, one behind the other

/// A layer turned out to be so large that its header needs more than the block that was left for it.
struct HeaderOutgrown: Error {}

extension ArchiveWriter {
    /// Writes one layer behind the other as its size becomes known, and its header afterwards.
    ///
    /// - Throws: ``HeaderOutgrown`` if a layer is larger than it seemed; ``LayerRepeated`` if two are the same. The archive
    ///   has to be streamed then.
    func writeAppended(to path: String) async throws -> [BuiltImage] {
        let file = try PendingFile(for: path)
        let output = OutputDescriptor(number: file.number, path: path)
        var packed = drafted
        var offset: Int64 = 0
        let draft = try layout(for: payload.images(with: packed))
        // Of what stands between layers, the sizes do not depend on those of layers.
        for place in draft.places {
            guard case .layer(let number, _) = place.member.content else {
                offset += place.end - place.offset
                continue
            }
            // A header is one block for every layer of less than 8 GiB; see `canAppend`.
            var blob = BlobOutput(output, at: offset + Int64(TarFormat.blockSize), isDurable: false)
            let result = try await unsafe payload.pack(number) { try unsafe blob.write($0) }
            guard result.descriptor.size < Self.appendableSize else { throw HeaderOutgrown() }
            packed[number] = result
            progress.didPack(layer: number)
            offset += Int64(TarFormat.blockSize) + TarFormat.paddedSize(result.descriptor.size)
        }
        let images = try payload.images(with: packed)
        let layout = try layout(for: images)
        guard layout.layerCount == draft.layerCount else { throw LayerRepeated() }
        try fillIn(layout, output)
        try file.commit()
        return images.map(\.image)
    }

    /// The layers before they are packed.
    private var drafted: [PackedLayer] {
        payload.layerSizes.enumerated().map { number, size in
            payload.knownLayer(number) ?? PackedLayer(placeholder: number, size: size)
        }
    }

    /// Whether every layer will be small enough for a header of one block, even if compression makes it larger.
    var canAppend: Bool {
        let largest = payload.layerSizes.max() ?? 0
        return largest + largest / 64 + 4_096 < Self.appendableSize
    }

    /// What the field for a size in a header of one block can hold.
    private static var appendableSize: Int64 { 8 << 30 }
}

// MARK: - In order, as a stream

extension ArchiveWriter {
    /// Packs every layer to learn its digests, then once more to write it: a stream has no way back to a header.
    ///
    /// - Throws: ``DeliveryError`` when a layer came out differently the second time.
    func stream(to output: OutputDescriptor) async throws -> [BuiltImage] {
        let (packed, images) = try await measured()
        let layout = try layout(for: images)
        for place in layout.places {
            try output.append(place.header)
            switch place.member.content {
            case .bytes(let bytes): try output.append(bytes)
            case .link: break
            case .layer(let number, _):
                try await unsafe payload.pack(number, again: packed[number]) { try unsafe output.append($0) }
            }
            try output.append([UInt8](repeating: 0, count: place.padding))
        }
        try output.append([UInt8](repeating: 0, count: layout.trailerSize))
        return images.map(\.image)
    }

    /// As ``stream(to:)``, compressed as a whole.
    func streamCompressed(_ compression: CompressionFormat, to output: OutputDescriptor) async throws -> [BuiltImage] {
        let (packed, images) = try await measured()
        let archive = ArchiveStream(layout: try layout(for: images), payload: payload, layers: packed)
        try await unsafe ParallelCompressor(compression, workers: width).compress(
            filling: { try unsafe archive.read(into: $0) },
            writing: { try unsafe output.append($0) }
        )
        return images.map(\.image)
    }

    /// Packs every layer to learn its digests.
    func measured() async throws -> ([PackedLayer], [PayloadImage]) {
        let crew = PackingCrew(width: width, progress: progress)
        let packed = try await crew.pack(payload.layerSizes) { [payload] in try await payload.measure($0) }
        return (packed, try payload.images(with: packed))
    }
}
