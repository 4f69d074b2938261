// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Decodes gzip members whole, as far as they are small: ``BlockCompressor`` writes such ones, and so do bgzip and others
/// that compress with several processors.
///
/// libdeflate needs a third of zlib's time, but all of a member at once. What it cannot decode, because the member is
/// larger, cut off or damaged, is left to zlib; after that has happened a few times in a row it is not tried again.
@safe final class SmallGzipMembers {
    /// The largest member in decompressed form, in bytes.
    static let outputLimit = 1 << 20
    /// The same in compressed form: bytes that cannot be compressed become a little more.
    static let inputLimit = outputLimit + (16 << 10)
    /// How often decoding may fail before it is given up, and how much of that successes win back.
    private static let patience = 2

    private let tables: OpaquePointer?
    private var buffer: UnsafeMutableRawBufferPointer?
    /// What is decoded and not handed out yet.
    private var pending = 0..<0
    private var patience = SmallGzipMembers.patience

    init() { unsafe tables = libdeflate_alloc_decompressor() }

    deinit {
        if let tables = unsafe tables { unsafe libdeflate_free_decompressor(tables) }
        unsafe buffer?.deallocate()
    }

    /// Whether the next member is worth a try.
    var areExpected: Bool { unsafe tables != nil && patience > 0 }

    /// Whether there is something to hand out before the next member.
    var hasOutput: Bool { !pending.isEmpty }

    /// Decodes a member; nil if it is not one that begins and ends in the input, or is too large.
    func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecodingStep? {
        let isDirect = output.count >= Self.outputLimit
        let room = unsafe isDirect ? output : ownBuffer
        var (consumed, produced) = (0, 0)
        let result = unsafe libdeflate_gzip_decompress_ex(
            tables,
            input.baseAddress,
            input.count,
            room.baseAddress,
            min(room.count, Self.outputLimit),
            &consumed,
            &produced
        )
        guard result == LIBDEFLATE_SUCCESS else {
            patience -= 1
            return nil
        }
        patience = Self.patience
        if isDirect { return DecodingStep(consumed: consumed, produced: produced, frameEnded: true) }
        pending = 0..<produced
        var step = unsafe handOut(into: output)
        step.consumed = consumed
        return step
    }

    /// Hands out what was decoded before.
    func handOut(into output: UnsafeMutableRawBufferPointer) -> DecodingStep {
        let part = pending.prefix(output.count)
        if !part.isEmpty {
            unsafe output.copyMemory(from: UnsafeRawBufferPointer(rebasing: ownBuffer[part]))
            pending = part.endIndex..<pending.upperBound
        }
        return DecodingStep(consumed: 0, produced: part.count, frameEnded: pending.isEmpty)
    }

    private var ownBuffer: UnsafeMutableRawBufferPointer {
        if let buffer = unsafe buffer { return unsafe buffer }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.outputLimit, alignment: 64)
        unsafe self.buffer = unsafe buffer
        return unsafe buffer
    }
}
