// SPDX-License-Identifier: Apache-2.0

/// The blocks of one stream between being filled and being written.
///
/// Blocks are numbered as they are submitted. Child tasks finish in any order; a finished block waits until all before
/// it are written. There is one slot more than workers, so that the next block is filled while all workers work.
struct CompressionQueue {
    typealias Block = (number: Int, slot: CompressionSlot)
    typealias Group = ThrowingTaskGroup<Block, any Error>

    private let compressor: ParallelCompressor
    private var vacant: [CompressionSlot] = []
    private var finished: [Int: CompressionSlot] = [:]
    private var slotCount = 0
    private var working = 0
    private var submitted = 0
    private var written = 0

    init(_ compressor: ParallelCompressor) { self.compressor = compressor }

    /// Whether no block was submitted yet.
    var isUnused: Bool { submitted == 0 }

    /// A slot to fill: a new one while there are fewer than needed, else the next that gets free.
    mutating func vacantSlot(
        _ group: inout Group,
        _ write: ParallelCompressor.Write
    ) async throws -> CompressionSlot {
        if slotCount <= compressor.share, vacant.isEmpty {
            slotCount += 1
            return try compressor.slots.take(compressor.format, level: compressor.level)
        }
        while vacant.isEmpty {
            try await collect(&group)
            unsafe try await writeReady(write)
        }
        return vacant.removeLast()
    }

    /// Hands a filled slot to a child task, as soon as a worker is idle, and writes what is ready meanwhile; while there are
    /// other streams for the workers, it is compressed here.
    mutating func submit(
        _ slot: CompressionSlot,
        to group: inout Group,
        _ write: ParallelCompressor.Write
    ) async throws {
        let share = compressor.share
        if share == 1 { return unsafe try await compressHere(slot, &group, write) }
        while working >= share { try await collect(&group) }
        let number = submitted
        submitted += 1
        working += 1
        group.addTask {
            try Task.checkCancellation()
            try slot.compress()
            return (number, slot)
        }
        // Only now: the worker should not wait for the output.
        unsafe try await writeReady(write)
    }

    private mutating func compressHere(
        _ slot: CompressionSlot,
        _ group: inout Group,
        _ write: ParallelCompressor.Write
    ) async throws {
        unsafe try await drain(&group, write)
        try Task.checkCancellation()
        try slot.compress()
        unsafe try await write(slot.compressed)
        submitted += 1
        written += 1
        vacant.append(slot)
    }

    /// Writes all that is at work.
    private mutating func drain(_ group: inout Group, _ write: ParallelCompressor.Write) async throws {
        unsafe try await writeReady(write)
        while working > 0 {
            try await collect(&group)
            unsafe try await writeReady(write)
        }
    }

    /// Writes all that is left, and gives the slots back.
    mutating func finish(_ group: inout Group, _ write: ParallelCompressor.Write) async throws {
        unsafe try await drain(&group, write)
        compressor.slots.give(vacant)
        vacant = []
    }

    private mutating func collect(_ group: inout Group) async throws {
        guard let (number, slot) = try await group.next() else {
            preconditionFailure("A slot is neither vacant nor finished nor at work")
        }
        working -= 1
        finished[number] = slot
    }

    private mutating func writeReady(_ write: ParallelCompressor.Write) async throws {
        while let slot = finished.removeValue(forKey: written) {
            try Task.checkCancellation()
            unsafe try await write(slot.compressed)
            written += 1
            vacant.append(slot)
        }
    }
}
