// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Decodes zstd frames with libzstd, which checks their checksums and passes over skippable frames.
@safe final class ZstdDecoder: StreamDecoder {
    /// The magic number of a frame as it is stored, RFC 8878, 3.1.1.
    private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// The last three bytes of a skippable frame's magic number, RFC 8878, 3.1.2; the first is 0x50 to 0x5F.
    private static let skippableMagicEnd: [UInt8] = [0x2A, 0x4D, 0x18]

    static var magicLength: Int { 4 }

    private let context: OpaquePointer
    private let maximumWindowLog: Int

    init(maximumWindowLog: Int) throws(DecodingStop) {
        guard let context = unsafe ZSTD_createDCtx() else { throw DecodingStop(.outOfMemory) }
        unsafe self.context = context
        self.maximumWindowLog = maximumWindowLog
        let result = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(clamping: maximumWindowLog))
        precondition(ZSTD_isError(result) == 0, "A zstd window of 2^\(maximumWindowLog) bytes is not possible")
    }

    deinit { _ = unsafe ZSTD_freeDCtx(context) }

    /// Whether a frame, skippable or not, starts with these bytes.
    static func isFrameStart(_ bytes: [UInt8]) -> Bool {
        bytes.count >= magicLength && isFrameStart(prefix: bytes[..<magicLength])
    }

    private static func isFrameStart(prefix: ArraySlice<UInt8>) -> Bool {
        if magic.starts(with: prefix) { return true }
        guard let first = prefix.first, 0x50...0x5F ~= first else { return false }
        return skippableMagicEnd.starts(with: prefix.dropFirst())
    }

    // libzstd may be built to read the formats of before version 1.0, too; nothing writes them any more, and no
    // specification describes them, so they are refused here.
    func start(with bytes: [UInt8]) -> FrameStart {
        // The library itself is ready for a new frame after each one.
        Self.isFrameStart(prefix: bytes[...]) ? .frame : .other
    }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = unsafe ZSTD_decompressStream(context, &target, &source)
        guard ZSTD_isError(result) == 0 else {
            throw unsafe DecodingStop(reason(for: result), consumed: source.pos)
        }
        return unsafe DecodingStep(consumed: source.pos, produced: target.pos, frameEnded: result == 0)
    }

    private func reason(for result: Int) -> DecompressionFailure.Reason {
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_checksum_wrong: return .checksumMismatch
        case ZSTD_error_frameParameter_windowTooLarge:
            return .windowTooLarge(limitLog: maximumWindowLog)
        case ZSTD_error_dictionary_wrong: return .dictionaryNeeded
        case ZSTD_error_memory_allocation: return .outOfMemory
        default:
            guard let name = unsafe ZSTD_getErrorName(result) else { return .corrupt("unknown error") }
            return .corrupt(unsafe String(cString: name))
        }
    }
}
