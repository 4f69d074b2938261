// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockOCI
import DrydockStorage

/// What tars became when they were compressed, by their digests; a layer whose tar is remembered is known without a look at
/// its files.
struct CompressedMemory: Sendable {
    /// Everything that compressed bytes depend on: the codec, and the places where the tars of layers are cut.
    let codec: String
    private let store: LocalStore
    private let format: CompressionFormat

    /// The memory of a store for one format.
    init(_ store: LocalStore, _ format: CompressionFormat) {
        self.store = store
        self.format = format
        codec = CompressionCodec(format).identifier + ";cut=store paths"
    }

    /// What a layer will be; nil if that is not remembered.
    ///
    /// What is remembered only saves time, so a store that cannot be read is one that knows nothing.
    func layer(_ content: LayerContent) -> PackedLayer? {
        // A layer of another image keeps its blob, which this program's codec has not made.
        if case .stored = content { return nil }
        guard let diffID = content.diffID, let known = (try? store.compressed(diffID, codec: codec)) ?? nil else {
            return nil
        }
        return PackedLayer(known, compression: format, checksum: content.remembered?.checksum)
    }

    /// Remembers what a layer became.
    func remember(_ layer: PackedLayer, of content: LayerContent) {
        if case .stored = content { return }
        let known = CompressedLayer(
            diffID: layer.diffID,
            tarSize: layer.tarSize,
            digest: layer.descriptor.digest,
            size: layer.descriptor.size
        )
        try? store.remember(known, codec: codec)
    }
}

extension PackedLayer {
    /// A layer that was compressed before.
    fileprivate init(_ known: CompressedLayer, compression: CompressionFormat, checksum: Checksum?) {
        self.init(
            diffID: known.diffID,
            descriptor: Descriptor(
                mediaType: compression.layerMediaType,
                digest: known.digest,
                size: known.size
            ),
            tarSize: known.tarSize,
            checksum: checksum
        )
    }
}
