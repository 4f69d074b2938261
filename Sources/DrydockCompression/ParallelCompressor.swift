// SPDX-License-Identifier: Apache-2.0

/// Compresses a stream with several workers; the bytes are the same for any number of them.
///
/// The stream is cut as ``BlockCompressor`` says. The caller's task fills blocks and writes compressed ones, in order;
/// in between, child tasks compress up to ``workers`` blocks at once. Children inherit the caller's task executor
/// preference, so a caller that keeps blocking work off the cooperative threads keeps compression off them, too.
///
/// Streams at work at the same time that share ``CompressionSlots`` share the workers: as many streams as workers each keep to
/// their own task, where a block's bytes stay in the cache of one processor.
///
/// Memory is `workers + 1` times one block, its compressed form and about a megabyte of tables, whatever the length of
/// the stream; it is reused from block to block, and from stream to stream where they share ``CompressionSlots``.
///
///     let compressor = ParallelCompressor(.zstd, workers: 2)
///     try await compressor.compress(
///         filling: { buffer in unsafe try tar.read(into: buffer) },
///         writing: { bytes in unsafe try blob.write(bytes) }
///     )
public struct ParallelCompressor: Sendable {
    /// Puts the next bytes of a stream at the start of a buffer and returns their number; 0 is the end of the stream.
    public typealias Fill = (UnsafeMutableRawBufferPointer) async throws -> Int

    /// Takes the next bytes of a compressed stream; they are valid until it returns.
    public typealias Write = (UnsafeRawBufferPointer) async throws -> Void

    /// What the stream becomes.
    public let format: CompressionFormat

    /// One of the format's levels.
    public let level: Int

    /// How many blocks are compressed at once; 1 does everything in the caller's task.
    public let workers: Int

    let slots: CompressionSlots

    /// How many workers this stream may have now.
    var share: Int { max(1, workers / max(1, slots.streamCount)) }

    /// Chooses the form of the stream and the effort.
    ///
    /// - Parameters:
    ///   - format: What the stream becomes.
    ///   - level: One of the format's ``CompressionFormat/levels``; nil stands for the default.
    ///   - workers: How many blocks are compressed at once, at least 1.
    ///   - slots: The memory that it shares with other compressors.
    public init(
        _ format: CompressionFormat,
        level: Int? = nil,
        workers: Int,
        slots: CompressionSlots = CompressionSlots()
    ) {
        precondition(workers > 0, "A stream cannot be compressed by \(workers) workers")
        self.format = format
        self.level = level ?? format.defaultLevel
        // Bytes that are only handed on gain nothing from a second task.
        self.workers = format == .none ? 1 : workers
        self.slots = slots
    }

    /// Compresses one stream from its first to its last byte.
    ///
    /// - Parameters:
    ///   - fill: Called with room for at least one byte until it returns 0; may fill less than there is room for.
    ///   - write: Called with the compressed bytes, in order. A stream of no bytes is written, too: as one empty block.
    /// - Throws: What `fill` and `write` throw, `CancellationError` as soon as the blocks at work are done (about ten
    ///   milliseconds), ``CompressionFailure``. No child task is left over then.
    public func compress(filling fill: Fill, writing write: Write) async throws {
        slots.beginStream()
        defer { slots.endStream() }
        if workers == 1 {
            unsafe try await compressAlone(fill, write)
        } else {
            unsafe try await compressTogether(fill, write)
        }
    }

    private func compressAlone(_ fill: Fill, _ write: Write) async throws {
        let slot = try slots.take(format, level: level)
        var isFirst = true
        while unsafe try await slot.fill(from: fill) || isFirst {
            isFirst = false
            try slot.compress()
            unsafe try await write(slot.compressed)
        }
        slots.give([slot])
    }

    private func compressTogether(_ fill: Fill, _ write: Write) async throws {
        try await withThrowingTaskGroup(of: CompressionQueue.Block.self) { group in
            var queue = CompressionQueue(self)
            repeat {
                let slot = unsafe try await queue.vacantSlot(&group, write)
                guard unsafe try await slot.fill(from: fill) || queue.isUnused else { break }
                unsafe try await queue.submit(slot, to: &group, write)
            } while true
            unsafe try await queue.finish(&group, write)
        }
    }
}
