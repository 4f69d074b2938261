// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
public import DrydockDigests
public import DrydockOCI

/// The bytes of one layer of a stored image.
///
/// Nothing is open until they are read, and any number of readers may read at the same time.
public struct StoredBlob: Sendable {
    /// The blob as it is stored: its media type, digest and size.
    public let descriptor: Descriptor
    /// The digest of the uncompressed tar.
    public let diffID: Digest
    /// How the stored bytes are compressed, whatever the media type says.
    public let compression: CompressionFormat

    private let place: BlobPlace
    /// The path of the image in the user's words.
    private let path: String

    init(_ layer: StoredImage.Layer, at place: BlobPlace, of path: String) throws {
        descriptor = layer.descriptor
        diffID = layer.diffID
        self.place = place
        self.path = path
        do { compression = try place.compression() } catch let failure as DecompressionFailure {
            throw ImageStorageFailure(.undecodable(name: "layer \(diffID)", sentence: "\(failure)"), path: path)
        }
    }

    /// Where a plain file holds the stored bytes; nil inside a compressed archive.
    ///
    /// A reader of that file has to verify digest and size itself.
    public var extent: FileExtent? {
        guard case .file(let extent) = place else { return nil }
        return extent
    }

    /// The stored bytes, whose size and digest are verified when the last of them are read.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the archive around the blob is compressed and damaged.
    public func open() throws -> StoredBlobReader {
        let bytes = try place.open()
        let promise = StoredBlobReader.Promise(
            name: "layer \(descriptor.digest)",
            digest: descriptor.digest,
            size: descriptor.size,
            path: path
        )
        return StoredBlobReader(.stored(bytes), promise)
    }

    /// The uncompressed tar, whose digest is verified when the last of its bytes are read.
    ///
    /// - Parameter limits: How far compressed bytes may expand.
    /// - Returns: A reader at the tar's first byte.
    /// - Throws: As ``open()``.
    public func openTar(limits: DecompressionLimits = DecompressionLimits()) throws -> StoredBlobReader {
        let bytes = try place.open()
        let isPlain = compression == .none
        let promise = StoredBlobReader.Promise(
            name: "layer \(diffID)",
            digest: diffID,
            size: isPlain ? descriptor.size : nil,
            path: path
        )
        if isPlain { return StoredBlobReader(.stored(bytes), promise) }
        let decompressor = try unsafe Decompressor(compression, limits: limits) { try unsafe bytes.read(into: $0) }
        return StoredBlobReader(.decompressed(decompressor), promise)
    }
}

extension StoredImage {
    /// The bytes of the layer with that number, the lowest being 0; blocks.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the image does not hold the layer's bytes, or holds them in a
    ///   compression that is not read.
    public func blob(ofLayer number: Int) throws -> StoredBlob {
        let layer = layers[number]
        guard let place = layerPlaces[number] else {
            throw ImageStorageFailure(.missingMember("layer \(layer.descriptor.digest)"), path: path)
        }
        return try StoredBlob(layer, at: place, of: path)
    }
}
