// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Decodes bzip2 streams with libbz2, which checks their CRC-32.
@safe final class BZip2Decoder: StreamDecoder {
    static var magicLength: Int { 6 }

    /// What follows the four bytes of a stream's header: the first two of the first block's, or of the stream's end.
    private static let blockStarts: [[UInt8]] = [[0x31, 0x41], [0x17, 0x72]]

    // libbz2 keeps the address of its stream, so the stream needs one that does not change.
    private let stream: UnsafeMutablePointer<bz_stream>
    private var isReady: Bool

    init() throws(DecodingStop) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: bz_stream())
        isReady = unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK
        guard isReady else { throw DecodingStop(.outOfMemory) }
    }

    deinit {
        _ = unsafe BZ2_bzDecompressEnd(stream)
        unsafe stream.deallocate()
    }

    /// Whether a stream starts with these bytes.
    ///
    /// "BZh" alone can begin a file's name, which is what a tar begins with.
    static func isStreamStart(_ bytes: [UInt8]) -> Bool {
        bytes.count >= magicLength && isStreamStart(prefix: bytes[...])
    }

    private static func isStreamStart(prefix: ArraySlice<UInt8>) -> Bool {
        guard Array("BZh".utf8).starts(with: prefix.prefix(3)) else { return false }
        if let level = prefix.dropFirst(3).first, !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains(level) {
            return false
        }
        return blockStarts.contains { $0.starts(with: prefix.dropFirst(4).prefix(2)) }
    }

    func start(with bytes: [UInt8]) -> FrameStart {
        if bytes.first == 0 { return .padding }
        guard Self.isStreamStart(prefix: bytes[...]) else { return .other }
        _ = unsafe BZ2_bzDecompressEnd(stream)
        unsafe stream.pointee = bz_stream()
        isReady = unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK
        return .frame
    }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep {
        guard isReady else { throw DecodingStop(.outOfMemory) }
        // libbz2 does not write to its input; its declaration predates const.
        let first = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress)
        unsafe stream.pointee.next_in = first?.assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_out = UInt32(clamping: output.count)
        let code = unsafe BZ2_bzDecompress(stream)
        let consumed = unsafe min(input.count, Int(UInt32.max)) - Int(stream.pointee.avail_in)
        switch code {
        case BZ_OK, BZ_STREAM_END:
            return unsafe DecodingStep(
                consumed: consumed,
                produced: min(output.count, Int(UInt32.max)) - Int(stream.pointee.avail_out),
                frameEnded: code == BZ_STREAM_END
            )
        case BZ_MEM_ERROR: throw DecodingStop(.outOfMemory)
        default: throw DecodingStop(.corrupt("wrong data or checksum"), consumed: consumed)
        }
    }
}
