// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockOCI
import DrydockStorage

/// Compresses a layer of store paths so that each store path is a run of gzip members or zstd frames of its own.
///
/// The blob is these runs one behind the other, with the directories above the store before them and the end of the
/// archive behind them. Since a run does not depend on what is beside it, it is made once and kept in the local store;
/// another layer with the same store path takes it from there, and nothing is compressed. The tar is read nevertheless:
/// it gives the layer's digest, and its checksums show that what was kept is of the files that are there now.
///
/// Without a local store, or with one that cannot be written to, the bytes are the same.
struct FragmentPacker: Sendable {
    /// How the blob is compressed.
    let codec: CompressionCodec
    /// Where runs are kept; nil for a build without a local store.
    let fragments: LocalFragments?
    /// How many blocks are compressed at once.
    let workers: Int
    /// Told of every step.
    let progress: ProgressCounter
    /// The memory that all parts of all layers share.
    let slots: CompressionSlots

    /// A layer that was packed, and the way to its blob.
    struct Packed {
        let layer: PackedLayer
        /// The blob; nil if a part of it could not be kept.
        let blob: StitchedBlob?
    }

    /// Produces the blob.
    ///
    /// - Parameters:
    ///   - recipe: A layer that is divided into parts.
    ///   - write: Takes the bytes, in order.
    /// - Returns: What the layer turned out to be.
    /// - Throws: What `write` and the tar throw; `CancellationError`.
    func pack(_ recipe: LayerRecipe, writing write: LayerPacker.Write) async throws -> Packed {
        var assembly = LayerAssembly()
        for part in parts(of: recipe) {
            try Task.checkCancellation()
            if let key = part.key, try unsafe reuse(key, part.recipe, &assembly, write) { continue }
            try await unsafe compress(part, &assembly, write)
        }
        return assembly.finish(codec.format)
    }

    /// The blob of a layer whose digest is known, if all of it was kept; no file of the layer is read.
    func stitched(_ recipe: LayerRecipe, as known: Descriptor) async throws -> StitchedBlob? {
        guard let fragments else { return nil }
        var assembly = LayerAssembly()
        for part in parts(of: recipe) {
            try Task.checkCancellation()
            guard part.isStoreObject else {
                try await unsafe compress(part, &assembly) { _ in }
                continue
            }
            guard let key = part.key, let kept = try? fragments.fragment(key), kept.tar.size == part.recipe.size,
                (try? unsafe assembly.append(kept) { _ in }) == true
            else { return nil }
        }
        let found = assembly.finish(codec.format)
        return found.layer.descriptor.digest == known.digest ? found.blob : nil
    }

    /// A part, and what it is kept under; nil where that is not known.
    private struct Part {
        let recipe: LayerRecipe
        let isStoreObject: Bool
        let key: FragmentKey?
    }

    private func parts(of recipe: LayerRecipe) -> [Part] {
        recipe.parts.map { part in
            guard let object = part.storeObject, let key = recipe.key, object < key.storeObjects.count else {
                return Part(recipe: part.recipe, isStoreObject: part.storeObject != nil, key: nil)
            }
            let own = FragmentKey(key.storeObjects[object], of: key, codec: codec.identifier)
            return Part(recipe: part.recipe, isStoreObject: true, key: own)
        }
    }

    // MARK: - One part

    /// Takes a part from the local store, if it is there, whole, and of the files that are there now.
    private func reuse(
        _ key: FragmentKey,
        _ part: LayerRecipe,
        _ assembly: inout LayerAssembly,
        _ write: LayerPacker.Write
    ) throws -> Bool {
        guard let fragments, let kept = try? fragments.fragment(key), kept.tar.size == part.size else { return false }
        let before = assembly
        // Looked at before a byte is written, because what was written cannot be taken back.
        if try measure(part, &assembly) == kept.tar.checksum, (try? unsafe kept.read { _ in }) == true {
            guard try unsafe assembly.append(kept, write) else { throw LayerPacker.Changed() }
            return true
        }
        assembly = before
        fragments.remove(key)
        return false
    }

    /// Reads a part of the tar for its digests alone.
    private func measure(_ part: LayerRecipe, _ assembly: inout LayerAssembly) throws -> Checksum {
        let stream = LayerStream(part)
        let buffer = AlignedBuffer(capacity: Int(max(1, min(part.size, Self.step))))
        var checksum = StreamingChecksum()
        while true {
            try Task.checkCancellation()
            buffer.count = try unsafe stream.read(into: buffer.storage)
            guard buffer.count > 0 else { return checksum.finish() }
            unsafe checksum.update(buffer.bytes)
            unsafe assembly.passed(tar: buffer.bytes)
            progress.add(buffer.count)
        }
    }

    private static let step: Int64 = 256 << 10

    private func compress(
        _ part: Part,
        _ assembly: inout LayerAssembly,
        _ write: LayerPacker.Write
    ) async throws {
        let (stream, size) = (LayerStream(part.recipe), part.recipe.size)
        var output = FragmentOutput(part.key.flatMap { try? fragments?.begin($0) }, isSmall: !part.isStoreObject)
        var checksum = StreamingChecksum()
        // A part of one block gives a second worker nothing to do.
        let isOneBlock = size < Int64(BlockCompressor.blockSize(of: codec.format))
        let compressor = ParallelCompressor(
            codec.format,
            level: codec.level,
            workers: isOneBlock ? 1 : workers,
            slots: slots
        )
        try await unsafe compressor.compress(
            filling: { buffer in
                // In steps, so that bytes are still in the processor's cache when they are hashed.
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(Self.step)))
                let count = try unsafe stream.read(into: room)
                let piece = unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
                unsafe assembly.passed(tar: piece)
                unsafe checksum.update(piece)
                progress.add(count)
                return count
            },
            writing: { bytes in
                unsafe assembly.passed(blob: bytes)
                unsafe output.write(bytes)
                try unsafe write(bytes)
            }
        )
        if part.isStoreObject { progress.didCompress(size) }
        let tar = StoredFragment.Measure(size: size, checksum: checksum.finish())
        assembly.append(output.finish(tar, path: part.key.flatMap { fragments?.path(of: $0) }))
    }
}

/// The digests and pieces of a layer that is put together of parts.
private struct LayerAssembly {
    private var tar = StreamingHash()
    private var checksum = StreamingChecksum()
    private var digest = StreamingHash()
    /// nil as soon as a piece is not there.
    private var blob: StitchedBlob? = StitchedBlob()

    mutating func passed(tar bytes: UnsafeRawBufferPointer) {
        unsafe tar.update(bytes)
        unsafe checksum.update(bytes)
    }

    mutating func passed(blob bytes: UnsafeRawBufferPointer) { unsafe digest.update(bytes) }

    mutating func append(_ piece: StitchedBlob.Piece?) {
        if let piece { blob?.append(piece) } else { blob = nil }
    }

    /// Appends a piece that was kept; false if its bytes are not what they were.
    mutating func append(_ kept: StoredFragment, _ write: LayerPacker.Write) throws -> Bool {
        let isRight = try unsafe kept.read { bytes in
            unsafe digest.update(bytes)
            try unsafe write(bytes)
        }
        append(.file(path: kept.path, size: kept.blob.size))
        return isRight
    }

    func finish(_ format: CompressionFormat) -> FragmentPacker.Packed {
        let descriptor = Descriptor(mediaType: format.layerMediaType, digest: digest.finish(), size: digest.byteCount)
        let layer = PackedLayer(
            diffID: tar.finish(),
            descriptor: descriptor,
            tarSize: tar.byteCount,
            checksum: checksum.finish()
        )
        return FragmentPacker.Packed(layer: layer, blob: blob)
    }
}

/// Where the compressed bytes of a part go beside the blob: a file of the local store, or memory for the small parts.
private struct FragmentOutput: ~Copyable {
    private var file: PendingFragment?
    private var memory: [UInt8]?

    init(_ file: consuming PendingFragment?, isSmall: Bool) {
        self.file = file
        memory = isSmall ? [] : nil
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        if memory != nil { unsafe memory?.append(contentsOf: bytes) }
        // A local store that cannot be written to costs time, never the build.
        do { try unsafe file?.write(bytes) } catch { file = nil }
    }

    consuming func finish(_ tar: StoredFragment.Measure, path: String?) -> StitchedBlob.Piece? {
        if let memory { return .bytes(memory) }
        guard let path, let file = file.take() else { return nil }
        return (try? file.commit(tar: tar)).map { .file(path: path, size: $0) }
    }
}
