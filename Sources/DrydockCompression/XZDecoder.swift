// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Decodes xz streams with liblzma, which checks their CRC-32, CRC-64 or SHA-256.
@safe final class XZDecoder: StreamDecoder {
    /// The header magic of a stream, [The .xz File Format, 2.1.1.1](https://tukaani.org/xz/xz-file-format.txt).
    static let magic: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]

    static var magicLength: Int { magic.count }

    /// What liblzma needs beside the dictionary.
    private static let tableSize: UInt64 = 4 << 20

    /// `LZMA_TELL_UNSUPPORTED_CHECK`, a macro that Swift does not import: without it data would pass unchecked.
    private static let tellUnsupportedCheck: UInt32 = 0x02

    // liblzma keeps the address of its stream, so the stream needs one that does not change.
    private let stream: UnsafeMutablePointer<lzma_stream>
    private let maximumWindowLog: Int
    private var isReady: Bool

    init(maximumWindowLog: Int) throws(DecodingStop) {
        self.maximumWindowLog = maximumWindowLog
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: lzma_stream())
        isReady = unsafe Self.begin(stream, maximumWindowLog)
        guard isReady else { throw DecodingStop(.outOfMemory) }
    }

    deinit {
        unsafe lzma_end(stream)
        unsafe stream.deallocate()
    }

    private static func begin(_ stream: UnsafeMutablePointer<lzma_stream>, _ windowLog: Int) -> Bool {
        unsafe lzma_stream_decoder(stream, 1 << UInt64(windowLog) + tableSize, tellUnsupportedCheck) == LZMA_OK
    }

    func start(with bytes: [UInt8]) -> FrameStart {
        // Padding between streams is zeros, too, see 2.2 of the format; that it is followed by a stream is not in use.
        if bytes.first == 0 { return .padding }
        guard Self.magic.starts(with: bytes) else { return .other }
        isReady = unsafe Self.begin(stream, maximumWindowLog)
        return .frame
    }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodingStop) -> DecodingStep {
        guard isReady else { throw DecodingStop(.outOfMemory) }
        unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = input.count
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = output.count
        let code = unsafe lzma_code(stream, LZMA_RUN)
        let consumed = unsafe input.count - stream.pointee.avail_in
        switch code {
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR:
            return unsafe DecodingStep(
                consumed: consumed,
                produced: output.count - stream.pointee.avail_out,
                frameEnded: code == LZMA_STREAM_END
            )
        default: throw DecodingStop(reason(for: code), consumed: consumed)
        }
    }

    private func reason(for code: lzma_ret) -> DecompressionFailure.Reason {
        switch code {
        case LZMA_MEM_ERROR: .outOfMemory
        case LZMA_MEMLIMIT_ERROR: .windowTooLarge(limitLog: maximumWindowLog)
        case LZMA_UNSUPPORTED_CHECK: .corrupt("unknown kind of checksum")
        case LZMA_OPTIONS_ERROR: .corrupt("unknown options")
        case LZMA_FORMAT_ERROR: .corrupt("not the header of a stream")
        default: .corrupt("wrong data or checksum")
        }
    }
}
