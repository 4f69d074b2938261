// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
public import DrydockDigests
import DrydockFiles
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

    /// Smaller blobs are decompressed before a thread would have begun to pay, in bytes.
    private static let aheadSize: Int64 = 4 << 20

    private let place: BlobPlace
    /// The path of the image in the user's words.
    private let path: String
    /// What the blob is called in messages.
    private let noun: String

    init(_ layer: StoredImage.Layer, at place: BlobPlace, of path: String) throws {
        descriptor = layer.descriptor
        diffID = layer.diffID
        self.place = place
        self.path = path
        noun = "layer"
        do { compression = try place.compression() } catch let failure as DecompressionFailure {
            throw ImageStorageFailure(.undecodable(name: "layer \(diffID)", sentence: "\(failure)"), path: path)
        }
    }

    /// A blob that is a layer or anything else, and is passed on as it is.
    init(opaque descriptor: Descriptor, at place: BlobPlace, of path: String) {
        self.descriptor = descriptor
        diffID = descriptor.digest
        compression = .none
        self.place = place
        self.path = path
        noun = "blob"
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
    public func open() throws -> StoredBlobReader { try open(verifying: true) }

    /// The stored bytes for someone who hashes them, and has them verified by ``verify(stored:size:)``.
    ///
    /// - Throws: As ``open()``.
    package func open(verifying: Bool) throws -> StoredBlobReader {
        StoredBlobReader(.stored(try place.open()), storedPromise, isVerifying: verifying)
    }

    /// The uncompressed tar, whose digest is verified when the last of its bytes are read.
    ///
    /// - Parameter limits: How far compressed bytes may expand.
    /// - Returns: A reader at the tar's first byte.
    /// - Throws: As ``open()``.
    public func openTar(limits: DecompressionLimits = DecompressionLimits()) throws -> StoredBlobReader {
        try openTar(limits: limits, verifying: true)
    }

    /// The uncompressed tar for someone who hashes it, and has it verified by ``verify(tar:size:)``.
    ///
    /// - Throws: As ``open()``.
    package func openTar(
        limits: DecompressionLimits = DecompressionLimits(),
        verifying: Bool
    ) throws -> StoredBlobReader {
        let bytes = try place.open()
        if compression == .none { return StoredBlobReader(.stored(bytes), tarPromise, isVerifying: verifying) }
        let decompressor = try unsafe Decompressor(compression, limits: limits) { try unsafe bytes.read(into: $0) }
        guard descriptor.size >= Self.aheadSize, BlockingPool.machineWidth > 1 else {
            return StoredBlobReader(.decompressed(decompressor), tarPromise, isVerifying: verifying)
        }
        let ahead = unsafe AheadReader { try unsafe decompressor.read(into: $0) }
        return StoredBlobReader(.ahead(ahead), tarPromise, isVerifying: verifying)
    }

    /// Compares digest and size of the stored bytes with those that they should have.
    package func verify(stored digest: Digest, size: Int64) throws(ImageStorageFailure) {
        try storedPromise.verify(digest, size: size)
    }

    /// Compares the digest of the tar with the one that it should have.
    package func verify(tar digest: Digest, size: Int64) throws(ImageStorageFailure) {
        try tarPromise.verify(digest, size: size)
    }

    private var storedPromise: StoredBlobReader.Promise {
        StoredBlobReader.Promise(
            name: "\(noun) \(descriptor.digest)",
            digest: descriptor.digest,
            size: descriptor.size,
            path: path
        )
    }

    private var tarPromise: StoredBlobReader.Promise {
        StoredBlobReader.Promise(
            name: "\(noun) \(diffID)",
            digest: diffID,
            size: compression == .none ? descriptor.size : nil,
            path: path
        )
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
