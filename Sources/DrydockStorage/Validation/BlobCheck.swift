// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockOCI

/// What one blob has to be.
struct BlobCheck: Sendable {
    let place: BlobPlace
    /// How the blob is referred to; nil where nothing but the diffID is known.
    let descriptor: Descriptor?
    /// The digest of its tar; nil for what is not a layer.
    let diffID: Digest?
    /// The path in the user's words.
    let path: String

    private static let bufferSize = 1 << 20

    private var name: String {
        if let descriptor { return "\(diffID == nil ? "blob" : "layer") \(descriptor.digest)" }
        return "layer \(diffID.map { "\($0)" } ?? "")"
    }

    /// Reads the blob, and its tar if that is something else.
    func faults() throws -> [ImageStorageFailure] {
        var found: [ImageStorageFailure] = []
        if let descriptor {
            found += try faults(of: .stored(place.open()), digest: descriptor.digest, size: descriptor.size)
        }
        guard let diffID else { return found }
        let compression: CompressionFormat
        do { compression = try place.compression() } catch let failure as DecompressionFailure {
            return found + [ImageStorageFailure(.undecodable(name: name, sentence: "\(failure)"), path: path)]
        }
        if let mediaType = descriptor?.mediaType, compression.layerCompression != mediaType.layerCompression {
            let reason = ImageStorageFailure.Reason.compressionMismatch(
                name: name,
                mediaType: mediaType,
                actual: compression.rawValue
            )
            found.append(ImageStorageFailure(reason, path: path))
        }
        if compression == .none, descriptor?.digest == diffID { return found }
        return try found + faults(of: tar(compression), digest: diffID, size: nil)
    }

    private func tar(_ compression: CompressionFormat) throws -> StoredBlobReader.Source {
        let bytes = try place.open()
        guard compression != .none else { return .stored(bytes) }
        return .decompressed(try unsafe Decompressor(compression) { try unsafe bytes.read(into: $0) })
    }

    private func faults(
        of source: StoredBlobReader.Source,
        digest: Digest,
        size: Int64?
    ) throws -> [ImageStorageFailure] {
        let promise = StoredBlobReader.Promise(
            name: size == nil ? "tar of \(name)" : name,
            digest: digest,
            size: size,
            path: path
        )
        let reader = StoredBlobReader(source, promise)
        let buffer = AlignedBuffer(capacity: Self.bufferSize)
        do {
            while try unsafe reader.read(into: buffer.storage) > 0 { try Task.checkCancellation() }
            return []
        } catch let failure as ImageStorageFailure {
            return [failure]
        }
    }
}

extension CompressionFormat {
    /// As media types name it; nil for a format that they do not know.
    fileprivate var layerCompression: MediaType.LayerCompression? { layerMediaType.layerCompression }
}
