// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Decodes gzip members, and checks their CRC-32 and length: small ones whole, others with zlib piece by piece.
@safe final class GzipDecoder: StreamDecoder {
    /// The identification of a member, [RFC 1952, 2.3.1](https://www.rfc-editor.org/rfc/rfc1952#page-6).
    static let magic: [UInt8] = [0x1F, 0x8B]

    static var magicLength: Int { magic.count }

    /// The largest window of deflate, plus 16 for "a gzip header is expected"; zlib.h, `inflateInit2`.
    private static let windowBits: Int32 = 15 + 16

    // zlib keeps the address of its stream, so the stream needs one that does not change.
    private let stream: UnsafeMutablePointer<z_stream>

    private let small = SmallGzipMembers()
    /// Whether nothing of the member was decoded yet.
    private var isAtStart = false

    init() throws(DecodingStop) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, size) == Z_OK else {
            unsafe stream.deallocate()
            throw DecodingStop(.outOfMemory)
        }
    }

    deinit {
        _ = unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func start(with bytes: [UInt8]) -> FrameStart {
        if bytes.first == 0 { return .padding }
        guard Self.magic.starts(with: bytes) else { return .other }
        _ = unsafe inflateReset(stream)
        isAtStart = true
        return .frame
    }

    var wantedInput: Int { isAtStart && small.areExpected ? SmallGzipMembers.inputLimit : 1 }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep {
        if small.hasOutput { return unsafe small.handOut(into: output) }
        if isAtStart {
            isAtStart = false
            if small.areExpected, let step = unsafe small.decode(input, into: output) { return step }
        }
        return unsafe try decodePart(input, into: output)
    }

    private func decodePart(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep {
        // zlib does not write to its input; its declaration predates const.
        let first = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress)
        unsafe stream.pointee.next_in = first?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(clamping: output.count)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        let consumed = unsafe min(input.count, Int(UInt32.max)) - Int(stream.pointee.avail_in)
        switch code {
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR:
            return unsafe DecodingStep(
                consumed: consumed,
                produced: min(output.count, Int(UInt32.max)) - Int(stream.pointee.avail_out),
                frameEnded: code == Z_STREAM_END
            )
        case Z_MEM_ERROR: throw DecodingStop(.outOfMemory)
        default: throw DecodingStop(dataError, consumed: consumed)
        }
    }

    private var dataError: DecompressionFailure.Reason {
        guard let message = unsafe stream.pointee.msg else { return .corrupt("unknown error") }
        let text = unsafe String(cString: message)
        // The two messages of inflate.c for the two fields of a member's trailer.
        return ["incorrect data check", "incorrect length check"].contains(text) ? .checksumMismatch : .corrupt(text)
    }
}
