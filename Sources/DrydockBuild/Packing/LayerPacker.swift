// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockCompression
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
    /// Cheap checksums of the uncompressed tar; nil if nobody has computed them.
    public let checksum: Checksum?

    /// An uncompressed layer.
    init(uncompressed diffID: Digest, size: Int64, checksum: Checksum? = nil) {
        self.init(
            diffID: diffID,
            descriptor: Descriptor(mediaType: .layer, digest: diffID, size: size),
            tarSize: size,
            checksum: checksum
        )
    }

    /// An uncompressed layer that was measured before.
    init(uncompressed tar: LayerMeasure) {
        self.init(uncompressed: tar.diffID, size: tar.size, checksum: tar.checksum)
    }

    /// An uncompressed layer whose digest is not known yet; the number tells it apart from others.
    init(placeholder number: Int, size: Int64) {
        self.init(uncompressed: Digest(of: Array("layer \(number)".utf8)), size: size)
    }

    init(diffID: Digest, descriptor: Descriptor, tarSize: Int64, checksum: Checksum? = nil) {
        self.diffID = diffID
        self.descriptor = descriptor
        self.tarSize = tarSize
        self.checksum = checksum
    }

    /// What the uncompressed tar is.
    var tar: LayerMeasure { LayerMeasure(diffID: diffID, size: tarSize, checksum: checksum) }

    /// The same layer as an uncompressed blob.
    var uncompressed: Descriptor { Descriptor(mediaType: .layer, digest: diffID, size: tarSize) }
}

/// Produces layers: reads every file once, and hashes, compresses and writes its bytes on the way.
struct LayerPacker: Sendable {
    /// The size of the steps in which uncompressed layers are read, hashed and written.
    private static let stepSize = 1 << 20
    /// The same for layers whose digest is known: half of what a processor has for itself of cache, so that bytes are still
    /// there when they are checked and when they are written.
    private static let knownStepSize = 1 << 18

    /// How the blob is compressed.
    let compression: CompressionFormat
    /// Whether blobs of stored layers that are compressed stay as they are.
    var keepsBlobs = true
    /// How many blocks of one layer are compressed at once.
    let workers: Int
    /// Told of every step.
    let progress: ProgressCounter
    /// Where the compressed forms of store paths are kept; nil for nowhere.
    var store: LocalStore?
    /// The memory that the layers share.
    let slots = CompressionSlots()

    /// Takes the bytes of the blob, in order.
    typealias Write = (UnsafeRawBufferPointer) throws -> Void

    /// Produces one layer's blob from its first byte to its last.
    ///
    /// What is known of a tar is compared with what its bytes are now: a store path that was changed in place must not pass
    /// for another.
    ///
    /// - Parameters:
    ///   - content: The layer.
    ///   - last: What the layer was a moment ago, if it was packed before.
    ///   - write: Takes the bytes.
    /// - Returns: What the layer turned out to be.
    /// - Throws: What `write` throws; ``SystemError`` and ``TreeError``; `CancellationError`.
    ///   ``RememberedContent/Outdated`` when a remembered tar turns out to be another; ``Changed`` when the last one does.
    func pack(
        _ content: LayerContent,
        again last: PackedLayer? = nil,
        writing write: Write
    ) async throws -> PackedLayer {
        if let (stored, kept) = kept(content) { return try await unsafe copyBlob(stored, kept, writing: write) }
        let recipe = try content.recipe()
        if compression == .none, let known = content.remembered ?? last?.tar, let checksum = known.checksum {
            guard try unsafe checkedCopy(of: recipe, writing: write) == checksum else {
                if content.remembered != nil { throw RememberedContent.Outdated(diffID: known.diffID) }
                throw Changed()
            }
            return PackedLayer(uncompressed: known)
        }
        let layer =
            if compression != .none, recipe.isDivided {
                try await unsafe fragmentPacker.pack(recipe, writing: write).layer
            } else {
                try await unsafe pack(LayerStream(recipe), size: recipe.size, writing: write)
            }
        precondition(layer.tarSize == recipe.size, "A layer's tar does not have the size that its recipe says")
        try content.verify(layer)
        return layer
    }

    /// What a layer will be, as far as that is known without its bytes.
    func known(_ content: LayerContent) -> PackedLayer? {
        if let kept = kept(content)?.layer { return kept }
        guard compression == .none else { return memory?.layer(content) }
        // How large the tar inside a blob is need not be known.
        if case .stored(let layer) = content, layer.tarSize == nil, layer.blob.compression != .none { return nil }
        return content.known.map { PackedLayer(uncompressed: $0) }
    }

    /// A layer that was compressed before, and its blob, if every part of it was kept; no file of the layer is read.
    func stitched(_ content: LayerContent, _ recipe: LayerRecipe) async throws -> (PackedLayer, StitchedBlob)? {
        guard compression != .none, recipe.isDivided, let known = memory?.layer(content),
            let blob = try await fragmentPacker.stitched(recipe, as: known.descriptor)
        else { return nil }
        return (known, blob)
    }

    /// Remembers what a layer became.
    func remember(_ layer: PackedLayer, of content: LayerContent) { memory?.remember(layer, of: content) }

    private var memory: CompressedMemory? { store.map { CompressedMemory($0, compression) } }

    /// Packs layers of store paths.
    var fragmentPacker: FragmentPacker {
        FragmentPacker(
            codec: CompressionCodec(compression),
            fragments: store.map(LocalFragments.init),
            workers: workers,
            progress: progress,
            slots: slots
        )
    }

    /// A layer is not what it was a moment ago.
    struct Changed: Error {}

    /// Writes a tar whose digest is known, and computes no more of it than cheap checksums.
    ///
    /// In one task: handing the bytes to another processor would take longer than checking them.
    private func checkedCopy(of recipe: LayerRecipe, writing write: Write) throws -> Checksum {
        let stream = LayerStream(recipe)
        var checksum = StreamingChecksum()
        let step = AlignedBuffer(capacity: Int(min(Int64(Self.knownStepSize), recipe.size)))
        while true {
            try Task.checkCancellation()
            step.count = try unsafe stream.read(into: step.storage)
            guard step.count > 0 else { return checksum.finish() }
            unsafe checksum.update(step.bytes)
            try unsafe write(step.bytes)
            progress.add(step.count)
        }
    }

    /// Finds out what a layer's blob will be, without keeping it; what is remembered is not produced.
    ///
    /// - Throws: As ``pack(_:writing:)``.
    func measure(_ content: LayerContent) async throws -> PackedLayer {
        if let kept = kept(content)?.layer {
            progress.add(Int(content.size))
            return kept
        }
        if compression == .none, let known = content.known {
            progress.add(Int(content.size))
            return PackedLayer(uncompressed: known)
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
        let (digest, size, _) = try await unsafe copy(reader, size: stored.blob.descriptor.size, writing: write)
        try stored.blob.verify(stored: digest, size: size)
        return layer
    }

    /// Produces a layer's blob from its tar.
    ///
    /// - Throws: What `write` and the tar throw; `CancellationError`.
    func pack(_ tar: any ByteReader, size: Int64?, writing write: Write) async throws -> PackedLayer {
        guard compression == .none else { return try await unsafe packCompressed(tar, writing: write) }
        let (digest, size, checksum) = try await unsafe copy(tar, size: size, writing: write)
        return PackedLayer(uncompressed: digest, size: size, checksum: checksum)
    }

    /// Passes bytes on as they are.
    ///
    /// Hashes one step in a child task while the next is written and read.
    func copy(_ stream: any ByteReader, size: Int64?, writing write: Write) async throws -> (Digest, Int64, Checksum) {
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
        var checksum = StreamingChecksum()
        var blob = StreamingHash()
        let compressor = ParallelCompressor(compression, workers: workers, slots: slots)
        try await unsafe compressor.compress(
            filling: { buffer in
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Self.knownStepSize))
                let count = try unsafe stream.read(into: room)
                unsafe tar.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
                unsafe checksum.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
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
        return PackedLayer(
            diffID: tar.finish(),
            descriptor: descriptor,
            tarSize: tar.byteCount,
            checksum: checksum.finish()
        )
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

/// A hash and checksums that one task after the other appends to.
private final class SharedHash: Sendable {
    private struct State {
        var hash = StreamingHash()
        var checksum = StreamingChecksum()
    }

    private let state = Mutex(State())

    func update(_ buffer: AlignedBuffer) async {
        state.withLock { state in
            unsafe state.hash.update(buffer.bytes)
            unsafe state.checksum.update(buffer.bytes)
        }
    }

    func finish() -> (Digest, Int64, Checksum) {
        state.withLock { ($0.hash.finish(), $0.hash.byteCount, $0.checksum.finish()) }
    }
}
