// SPDX-License-Identifier: Apache-2.0

/// Room for one block and for its compressed form, with the tables that compress it.
///
/// Because exactly one task holds a slot at any time (the driver while it fills and writes, a child task in between,
/// and the task group orders the two), it may cross tasks although its memory can change.
@safe final class CompressionSlot: @unchecked Sendable {
    let format: CompressionFormat
    let level: Int
    private let compressor: BlockCompressor
    private let input: UnsafeMutableRawBufferPointer
    private let output: UnsafeMutableRawBufferPointer
    private var inputCount = 0
    private var outputCount = 0

    init(_ format: CompressionFormat, level: Int) throws(CompressionFailure) {
        self.format = format
        self.level = level
        compressor = try BlockCompressor(format, level: level)
        let size = BlockCompressor.blockSize(of: format)
        unsafe input = .allocate(byteCount: size, alignment: Self.alignment)
        // Uncompressed blocks are handed on from where they are.
        let bound = format == .none ? 0 : compressor.outputBound(for: size)
        unsafe output = .allocate(byteCount: bound, alignment: Self.alignment)
    }

    deinit {
        unsafe input.deallocate()
        unsafe output.deallocate()
    }

    /// A cache line: enough for every vector instruction of the libraries.
    private static let alignment = 64

    /// Replaces the block by the next one of a stream.
    ///
    /// - Returns: Whether the stream had any more bytes. A block that is full may be the last one; the next is empty.
    /// - Throws: What `next` throws; `CancellationError`.
    func fill(from next: ParallelCompressor.Fill) async throws -> Bool {
        inputCount = 0
        while unsafe inputCount < input.count {
            try Task.checkCancellation()
            let vacant = unsafe UnsafeMutableRawBufferPointer(rebasing: input[inputCount...])
            let count = unsafe try await next(vacant)
            precondition(0...vacant.count ~= count, "A buffer of \(vacant.count) bytes was filled with \(count)")
            guard count > 0 else { break }
            inputCount += count
        }
        return inputCount > 0
    }

    /// Compresses what is in the block.
    func compress() throws(CompressionFailure) {
        guard compressor.format != .none else { return }
        let block = unsafe UnsafeRawBufferPointer(rebasing: input[..<inputCount])
        outputCount = unsafe try compressor.compress(block, into: output)
    }

    /// The block in compressed form, valid until the slot is used again.
    var compressed: UnsafeRawBufferPointer {
        guard compressor.format != .none else { return unsafe UnsafeRawBufferPointer(rebasing: input[..<inputCount]) }
        return unsafe UnsafeRawBufferPointer(rebasing: output[..<outputCount])
    }
}
