// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import DrydockStorage

extension LocalBlobs {
    /// Puts the blob of a layer into the store while it is packed, unless the same is there already.
    ///
    /// - Parameter pack: Packs the layer into what it is given.
    /// - Returns: The layer.
    /// - Throws: `SystemError`; what `pack` throws.
    func keep(_ pack: (LayerPacker.Write) async throws -> PackedLayer) async throws -> PackedLayer {
        let blob = try beginBlob()
        var output = BlobOutput(blob.output, isDurable: true)
        let packed = try await unsafe pack { try unsafe output.write($0) }
        try blob.commit(digest: packed.descriptor.digest, size: packed.descriptor.size)
        return packed
    }
}
