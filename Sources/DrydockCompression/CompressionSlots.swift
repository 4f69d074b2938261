// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Room for blocks and the tables to compress them, kept from one stream to the next.
///
/// Compressors that share it allocate nothing where an earlier one has finished; what is never handed back is freed.
public final class CompressionSlots: Sendable {
    private let vacant = Mutex<[CompressionSlot]>([])
    private let streams = Atomic<Int>(0)

    /// No room yet: it is made when it is needed.
    public init() {}

    /// How many streams are compressed with this memory now.
    var streamCount: Int { streams.load(ordering: .relaxed) }

    func beginStream() { streams.add(1, ordering: .relaxed) }

    func endStream() { streams.subtract(1, ordering: .relaxed) }

    /// A slot for a format and level, one that was used before if there is one.
    ///
    /// - Throws: ``CompressionFailure`` if there is no memory for a new one.
    func take(_ format: CompressionFormat, level: Int) throws(CompressionFailure) -> CompressionSlot {
        let kept = vacant.withLock { vacant -> CompressionSlot? in
            vacant.lastIndex { $0.format == format && $0.level == level }.map { vacant.remove(at: $0) }
        }
        if let kept { return kept }
        return try CompressionSlot(format, level: level)
    }

    /// Keeps slots that nobody fills, compresses or writes any more.
    func give(_ slots: [CompressionSlot]) { vacant.withLock { $0 += slots } }
}
