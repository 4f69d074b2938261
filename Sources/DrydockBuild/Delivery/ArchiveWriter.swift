// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockTar

/// Writes an image as one archive, in the best way that the destination allows.
struct ArchiveWriter: Sendable {
    let plan: LayerPlan
    let template: ImageTemplate
    let form: ArchiveForm
    /// How the layers inside are compressed.
    let layerCompression: CompressionFormat
    /// Seconds since 1970, for the members.
    let modificationTime: Int64
    /// The number of threads.
    let width: Int
    let progress: ProgressCounter

    private var packer: LayerPacker {
        LayerPacker(compression: layerCompression, workers: width, progress: progress)
    }

    private func layout(for image: BuiltImage) throws -> ArchiveLayout {
        try ArchiveLayout(form.members(for: image, modificationTime: modificationTime))
    }
}

// MARK: - Into a file, uncompressed

extension ArchiveWriter {
    /// Writes all layers at once, each to its place in the file; headers with digests are filled in last.
    ///
    /// The places are known beforehand, because a layer's size follows from metadata and a digest's length is fixed.
    func writePlaced(to path: String) async throws -> BuiltImage {
        precondition(layerCompression == .none, "The sizes of compressed layers are not known beforehand")
        let file = try PendingFile(for: path)
        let output = OutputDescriptor(number: file.number, path: path)
        let draft = try layout(for: template.image(layers: placeholders))
        try output.reserve(draft.size)
        let packed = try await pack(into: output, at: draft)
        let image = template.image(layers: packed)
        let layout = try layout(for: image)
        precondition(layout.size == draft.size, "An archive's layout depends on a digest's value")
        try fillIn(layout, output)
        try file.commit()
        return image
    }

    /// Layers with the right sizes and digests that are placeholders.
    private var placeholders: [PackedLayer] {
        plan.layers.map { layer in
            PackedLayer(uncompressed: Digest(of: []), size: layer.size)
        }
    }

    private func pack(into output: OutputDescriptor, at layout: ArchiveLayout) async throws -> [PackedLayer] {
        var offsets: [Int: Int64] = [:]
        for place in layout.places {
            if case .layer(let number, _) = place.member.content { offsets[number] = place.contentOffset }
        }
        return try await PackingCrew(width: width, progress: progress).pack(plan) { [packer, offsets] number, content in
            guard let offset = offsets[number] else { preconditionFailure("A layer has no place in the archive") }
            var blob = BlobOutput(output, at: offset)
            return try await unsafe packer.pack(content) { try unsafe blob.write($0) }
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

// MARK: - Into a file, with compressed layers

extension ArchiveWriter {
    /// Writes one layer behind the other as its size becomes known, and its header afterwards.
    func writeAppended(to path: String) async throws -> BuiltImage {
        let file = try PendingFile(for: path)
        let output = OutputDescriptor(number: file.number, path: path)
        var packed: [PackedLayer] = []
        var offset: Int64 = 0
        for (number, layer) in plan.layers.enumerated() {
            // A header is one block for every layer of less than 8 GiB; see `canAppend`.
            var blob = BlobOutput(output, at: offset + Int64(TarFormat.blockSize))
            let result = try await unsafe packer.pack(layer.content) { try unsafe blob.write($0) }
            packed.append(result)
            progress.didPack(layer: number)
            offset += Int64(TarFormat.blockSize) + TarFormat.paddedSize(result.descriptor.size)
        }
        let image = template.image(layers: packed)
        try fillIn(layout(for: image), output)
        try file.commit()
        return image
    }

    /// Whether every layer will be small enough for a header of one block, even if compression makes it larger.
    var canAppend: Bool {
        let largest = plan.layers.map(\.size).max() ?? 0
        return largest + largest / 64 + 4_096 < 8 << 30
    }
}

// MARK: - In order, as a stream

extension ArchiveWriter {
    /// Packs every layer to learn its digests, then once more to write it: a stream has no way back to a header.
    ///
    /// - Throws: ``DeliveryError`` when a layer came out differently the second time.
    func stream(to output: OutputDescriptor) async throws -> BuiltImage {
        let image = try await measuredImage()
        let layout = try layout(for: image)
        for place in layout.places {
            try output.append(place.header)
            switch place.member.content {
            case .bytes(let bytes): try output.append(bytes)
            case .layer(let number, _):
                let again = try await unsafe packer.pack(plan.layers[number].content) { try unsafe output.append($0) }
                guard again == image.layers[number] else { throw DeliveryError.layerChanged(number) }
            }
            try output.append([UInt8](repeating: 0, count: place.padding))
        }
        try output.append([UInt8](repeating: 0, count: layout.trailerSize))
        return image
    }

    /// As ``stream(to:)``, compressed as a whole.
    func streamCompressed(_ compression: CompressionFormat, to output: OutputDescriptor) async throws -> BuiltImage {
        let image = try await measuredImage()
        let archive = ArchiveStream(layout: try layout(for: image), plan: plan, image: image)
        try await unsafe ParallelCompressor(compression, workers: width).compress(
            filling: { try unsafe archive.read(into: $0) },
            writing: { try unsafe output.append($0) }
        )
        return image
    }

    private func measuredImage() async throws -> BuiltImage {
        let packed = try await PackingCrew(width: width, progress: progress).pack(plan) { [packer] _, content in
            try await packer.measure(content)
        }
        return template.image(layers: packed)
    }
}
