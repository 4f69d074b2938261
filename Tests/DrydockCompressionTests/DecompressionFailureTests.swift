// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct DecompressionFailureTests {
    /// A stream that is refused, and what is said about it.
    struct Refused: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let format: CompressionFormat
        let bytes: [UInt8]
        let reason: DecompressionFailure.Reason
        let offset: Int64
        let message: String
    }

    private static let member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    private static let zstdMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// A frame without checksum that holds the byte 7 and has a window of 2^`windowLog` bytes, RFC 8878, 3.1.1.
    private static func frame(windowLog: UInt8) -> [UInt8] {
        zstdMagic + [0, (windowLog - 10) << 3] + [1 | 1 << 3, 0, 0, 7]
    }

    static let refused = [
        Refused(
            testDescription: "text as gzip",
            format: .gzip,
            bytes: Array("text".utf8),
            reason: .wrongMagic,
            offset: 0,
            message: "Expected gzip data, found something else; check the file's format"
        ),
        Refused(
            testDescription: "zero bytes as gzip",
            format: .gzip,
            bytes: [0, 0, 0],
            reason: .wrongMagic,
            offset: 0,
            message: "Expected gzip data, found something else; check the file's format"
        ),
        Refused(
            testDescription: "a zstd frame of version 0.7",
            format: .zstd,
            bytes: [0x27, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0],
            reason: .wrongMagic,
            offset: 0,
            message: "Expected zstd data, found something else; check the file's format"
        ),
        Refused(
            testDescription: "half a gzip member",
            format: .gzip,
            bytes: Array(member[..<12]),
            reason: .truncated,
            offset: 12,
            message: "The gzip data ends too early, after byte 12; get or write the file again"
        ),
        Refused(
            testDescription: "a gzip member with an impossible block",
            format: .gzip,
            bytes: member[..<10] + [7, 0, 0],
            reason: .corrupt("invalid block type"),
            offset: 11,
            message: "The gzip data is damaged near byte 11 (invalid block type); get or write the file again"
        ),
        Refused(
            testDescription: "a zstd frame with an impossible block",
            format: .zstd,
            bytes: zstdMagic + [0, 0x58, 7, 0, 0, 0],
            reason: .corrupt("Data corruption detected"),
            offset: 0,
            message: "The zstd data is damaged near byte 0 (Data corruption detected); get or write the file again"
        ),
        Refused(
            testDescription: "a gzip member with a wrong checksum",
            format: .gzip,
            bytes: member[..<12] + [1, 0, 0, 0, 0, 0, 0, 0],
            reason: .checksumMismatch,
            offset: 16,
            message: "The gzip data fails its checksum near byte 16; get or write the file again"
        ),
        Refused(
            testDescription: "a gzip member with a wrong length",
            format: .gzip,
            bytes: member[..<16] + [1, 0, 0, 0],
            reason: .checksumMismatch,
            offset: 20,
            message: "The gzip data fails its checksum near byte 20; get or write the file again"
        ),
        Refused(
            testDescription: "text after gzip",
            format: .gzip,
            bytes: member + Array("text".utf8),
            reason: .trailingBytes,
            offset: 20,
            message: "Other bytes follow the end of the gzip data at byte 20; get or write the file again"
        ),
        Refused(
            testDescription: "text after zero bytes after gzip",
            format: .gzip,
            bytes: member + [0, 0] + Array("text".utf8),
            reason: .trailingBytes,
            offset: 22,
            message: "Other bytes follow the end of the gzip data at byte 22; get or write the file again"
        ),
        Refused(
            testDescription: "zero bytes after zstd",
            format: .zstd,
            bytes: frame(windowLog: 20) + [0, 0, 0, 0],
            reason: .trailingBytes,
            offset: 10,
            message: "Other bytes follow the end of the zstd data at byte 10; get or write the file again"
        ),
        Refused(
            testDescription: "a window of 256 MiB",
            format: .zstd,
            bytes: frame(windowLog: 28),
            reason: .windowTooLarge(limitLog: 27),
            offset: 0,
            message: "The zstd data needs a window of more than 134217728 bytes; compress it again without '--long'"
        ),
        Refused(
            testDescription: "a dictionary",
            format: .zstd,
            bytes: zstdMagic + [1, 0x58, 99, 1 | 1 << 3, 0, 0, 7],
            reason: .dictionaryNeeded,
            offset: 0,
            message: "The zstd data needs a dictionary that is not part of it; compress it again without one"
        ),
    ]

    @Test(arguments: refused) func `a bad stream is refused with its reason`(_ refused: Refused) throws {
        let failure = #expect(throws: DecompressionFailure.self) { try decompress(refused.bytes, refused.format) }
        #expect(failure?.reason == refused.reason)
        #expect(failure?.inputOffset == refused.offset)
        #expect(failure?.description == refused.message)
    }

    @Test func `a checksum of zstd is verified`() throws {
        var frame = try BlockCompressor(.zstd).compress(SampleBytes.text(100))
        frame[frame.count - 1] ^= 1
        let failure = #expect(throws: DecompressionFailure.self) { try decompress(frame, .zstd) }
        #expect(failure?.reason == .checksumMismatch)
    }

    @Test func `a window as large as the limit is read`() throws {
        var limits = DecompressionLimits()
        #expect(try decompress(Self.frame(windowLog: 27), .zstd) == [7])
        limits.maximumWindowLog = 28
        #expect(try decompress(Self.frame(windowLog: 28), .zstd, limits: limits) == [7])
        limits.maximumWindowLog = 20
        let failure = DecompressionFailure(.windowTooLarge(limitLog: 20), format: .zstd, inputOffset: 0)
        #expect(throws: failure) { try decompress(Self.frame(windowLog: 21), .zstd, limits: limits) }
    }

    @Test func `the remaining sentences`() {
        let messages = [
            DecompressionFailure(.outputTooLarge(limit: 10), format: .gzip, inputOffset: 3),
            DecompressionFailure(.ratioTooLarge(limit: 256), format: .zstd, inputOffset: 3),
            DecompressionFailure(.outOfMemory, format: .gzip, inputOffset: 0),
        ].map(\.description)
        #expect(
            messages == [
                "The gzip data expands to more than 10 bytes; raise the limit if you trust its origin",
                "The zstd data expands to more than 256 times its size; raise the limit if you trust its origin",
                "Not enough memory to decompress gzip data; free some memory",
            ]
        )
        #expect(
            CompressionFailure(.gzip).description
                == "Not enough memory to compress with gzip; use fewer threads or free some memory"
        )
    }
}
