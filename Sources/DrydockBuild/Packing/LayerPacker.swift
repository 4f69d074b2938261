// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
public import DrydockDigests
public import DrydockOCI
import DrydockStorage
import Synchronization

/// What a layer turned out to be when its bytes were produced.
public struct PackedLayer: Hashable, Sendable {
    /// The digest of the uncompressed tar.
    public let diffID: Digest
    /// The blob as it is stored: compressed, if the destination wants that.
    public let descriptor: Descriptor
    /// The size of the uncompressed tar in bytes.
    public let tarSize: Int64

    /// An uncompressed layer.
    init(uncompressed diffID: Digest, size: Int64) {
        self.init(
            diffID: diffID,
            descriptor: Descriptor(mediaType: .layer, digest: diffID, size: size),
            tarSize: size
        )
    }

    init(diffID: Digest, descriptor: Descriptor, tarSize: Int64) {
        self.diffID = diffID
        self.descriptor = descriptor
        self.tarSize = tarSize
    }

    /// The same layer as an uncompressed blob.
    var uncompressed: Descriptor { Descriptor(mediaType: .layer, digest: diffID, size: tarSize) }
}

/// Produces layers: reads every file once, and hashes, compresses and writes its bytes on the way.
struct LayerPacker: Sendable {
    /// The size of the steps in which uncompressed layers are read, hashed and written.
    private static let stepSize = 1 << 20

    /// How the blob is compressed.
    let compression: CompressionFormat
    /// Whether blobs of stored layers that are compressed stay as they are.
    var keepsBlobs = true
    /// How many blocks of one layer are compressed at once.
    let workers: Int
    /// Told of every step.
    let progress: ProgressCounter

    /// Takes the bytes of the blob, in order.
    typealias Write = (UnsafeRawBufferPointer) throws -> Void

    /// Produces one layer's blob from its first byte to its last.
    ///
    /// - Throws: What `write` throws; ``SystemError`` and ``TreeError``; `CancellationError`.
    ///   ``RememberedContent/Outdated`` when a remembered digest turns out to be another.
    func pack(_ content: LayerContent, writing write: Write) async throws -> PackedLayer {
        if let (stored, kept) = kept(content) { return try await unsafe copyBlob(stored, kept, writing: write) }
        let recipe = try content.recipe()
        let layer = try await unsafe pack(LayerStream(recipe), size: recipe.size, writing: write)
        precondition(layer.tarSize == recipe.size, "A layer's tar does not have the size that its recipe says")
        // Hashed again although it is remembered: a store path that was changed in place must not pass for another.
        try content.verify(layer)
        return layer
    }

    /// Finds out what a layer's blob will be, without keeping it; what is remembered is not produced.
    ///
    /// - Throws: As ``pack(_:writing:)``.
    func measure(_ content: LayerContent) async throws -> PackedLayer {
        if let kept = kept(content)?.layer {
            progress.add(Int(content.size))
            return kept
        }
        if compression == .none, let diffID = content.diffID {
            progress.add(Int(content.size))
            return PackedLayer(uncompressed: diffID, size: content.size)
        }
        return try await unsafe pack(content) { _ in }
    }

    /// A stored layer whose blob goes to the destination as it is, and what it will be there; nil for all others.
    func kept(_ content: LayerContent) -> (stored: StoredLayer, layer: PackedLayer)? {
        guard keepsBlobs, case .stored(let stored) = content, [.gzip, .zstd].contains(stored.blob.compression) else {
            return nil
        }
        let blob = stored.blob
        let descriptor = Descriptor(
            mediaType: blob.compression.layerMediaType,
            digest: blob.descriptor.digest,
            size: blob.descriptor.size
        )
        return (stored, PackedLayer(diffID: blob.diffID, descriptor: descriptor, tarSize: stored.tarSize ?? 0))
    }

    /// Copies a blob, which is verified on the way.
    private func copyBlob(
        _ stored: StoredLayer,
        _ layer: PackedLayer,
        writing write: Write
    ) async throws -> PackedLayer {
        let reader = try stored.blob.open(verifying: false)
        let (digest, size) = try await unsafe copy(reader, size: stored.blob.descriptor.size, writing: write)
        try stored.blob.verify(stored: digest, size: size)
        return layer
    }

    /// Produces a layer's blob from its tar.
    ///
    /// - Throws: What `write` and the tar throw; `CancellationError`.
    func pack(_ tar: any ByteReader, size: Int64?, writing write: Write) async throws -> PackedLayer {
        guard compression == .none else { return try await unsafe packCompressed(tar, writing: write) }
        let (digest, size) = try await unsafe copy(tar, size: size, writing: write)
        return PackedLayer(uncompressed: digest, size: size)
    }

    /// Passes bytes on as they are.
    ///
    /// Hashes one step in a child task while the next is written and read.
    func copy(_ stream: any ByteReader, size: Int64?, writing write: Write) async throws -> (Digest, Int64) {
        let hash = SharedHash()
        let capacity = max(Int(min(Int64(Self.stepSize), size ?? .max)), 1)
        var current = AlignedBuffer(capacity: capacity)
        var next = size.map { $0 <= capacity } == true ? current : AlignedBuffer(capacity: capacity)
        try current.fill(from: stream)
        while current.count > 0 {
            try Task.checkCancellation()
            let step = current
            async let hashed: Void = hash.update(step)
            try unsafe write(step.bytes)
            progress.add(step.count)
            if step.count < step.capacity || next === step {
                await hashed
                break
            }
            try next.fill(from: stream)
            await hashed
            swap(&current, &next)
        }
        return hash.finish()
    }

    private func packCompressed(_ stream: any ByteReader, writing write: Write) async throws -> PackedLayer {
        var tar = StreamingHash()
        var blob = StreamingHash()
        let compressor = ParallelCompressor(compression, workers: workers)
        try await unsafe compressor.compress(
            filling: { buffer in
                let count = try unsafe stream.read(into: buffer)
                unsafe tar.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                progress.add(count)
                return count
            },
            writing: { bytes in
                unsafe blob.update(bytes)
                try unsafe write(bytes)
            }
        )
        let descriptor = Descriptor(
            mediaType: compression.layerMediaType,
            digest: blob.finish(),
            size: blob.byteCount
        )
        return PackedLayer(diffID: tar.finish(), descriptor: descriptor, tarSize: tar.byteCount)
    }
}

extension AlignedBuffer {
    /// Replaces the bytes by the next ones of a stream: fewer than there is room for only at its end.
    fileprivate func fill(from stream: any ByteReader) throws {
        count = 0
        while count < capacity {
            let step = try unsafe stream.read(into: room)
            guard step > 0 else { return }
            count += step
        }
    }
}

/// A hash that one task after the other appends to.
private final class SharedHash: Sendable {
    private let hash = Mutex(StreamingHash())

    func update(_ buffer: AlignedBuffer) async {
        hash.withLock { unsafe $0.update(buffer.bytes) }
    }

    func finish() -> (Digest, Int64) { hash.withLock { ($0.finish(), $0.byteCount) } }
}
