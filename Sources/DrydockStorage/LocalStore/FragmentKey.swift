// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockOCI

/// Everything that the compressed part of a layer follows from which holds one store path.
///
/// The part is what a layer of this path alone would hold, without the directories above it and without the end of the
/// archive. Members of one store path do not depend on those of another, so the part is the same in every layer.
public struct FragmentKey: Hashable, Sendable {
    /// What the fragment is kept under.
    public let digest: Digest

    /// The key of one store object of a layer.
    ///
    /// - Parameters:
    ///   - object: The store object.
    ///   - layer: The layer, whose format, owner and time the fragment has.
    ///   - codec: Everything that compressed bytes depend on beside the tar.
    public init(_ object: LayerKey.StoreObject, of layer: LayerKey, codec: String) {
        let alone = LayerKey(
            formatVersion: layer.formatVersion,
            storeObjects: [object],
            owner: layer.owner,
            modificationTime: layer.modificationTime
        )
        digest = Digest(of: Array("fragment 1\n\(codec)\n\(alone.digest)\n".utf8))
    }

    /// The key of the list of a layer's files.
    ///
    /// The list follows from the tar alone. The blob belongs to the key because whoever finds a list has not decompressed
    /// the blob, and so does not know otherwise that its tar has this diffID.
    public init(listOfFilesIn blob: StoredBlob) {
        digest = Digest(of: Array("list 1\n\(blob.diffID)\n\(blob.descriptor.digest)\n".utf8))
    }
}
