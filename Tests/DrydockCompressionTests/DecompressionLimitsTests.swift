// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct DecompressionLimitsTests {
    private static let mebibyte = 1 << 20

    @Test(arguments: CompressionFormat.written) func `content as large as the limit is read, one byte more is not`(
        _ format: CompressionFormat
    ) throws {
        let stream = try BlockCompressor(format).compress(SampleBytes.text(100_000))
        var limits = DecompressionLimits()
        limits.maximumOutput = 100_000
        #expect(try decompress(stream, format, limits: limits).count == 100_000)
        limits.maximumOutput = 99_999
        let failure = #expect(throws: DecompressionFailure.self) { try decompress(stream, format, limits: limits) }
        #expect(failure?.reason == .outputTooLarge(limit: 99_999))
    }

    @Test func `a limit of no bytes allows the empty stream`() throws {
        var limits = DecompressionLimits()
        limits.maximumOutput = 0
        #expect(try decompress(BlockCompressor(.gzip).compress([]), .gzip, limits: limits) == [])
        let failure = #expect(throws: DecompressionFailure.self) {
            try decompress(BlockCompressor(.gzip).compress([1]), .gzip, limits: limits)
        }
        #expect(failure?.reason == .outputTooLarge(limit: 0))
    }

    @Test(arguments: [CompressionFormat.gzip, .zstd]) func `the ratio counts above the allowance`(
        _ format: CompressionFormat
    ) throws {
        let zeros = [UInt8](repeating: 0, count: Self.mebibyte)
        let stream = try BlockCompressor(format).compress(zeros)
        var limits = DecompressionLimits()
        limits.maximumRatio = 100
        limits.ratioAllowance = Int64(Self.mebibyte)
        #expect(try decompress(stream, format, limits: limits) == zeros)
        limits.ratioAllowance -= 1
        let failure = #expect(throws: DecompressionFailure.self) { try decompress(stream, format, limits: limits) }
        #expect(failure?.reason == .ratioTooLarge(limit: 100))
    }

    @Test func `an endless bomb is refused by the limits that apply unless others are set`() throws {
        let frame = try BlockCompressor(.zstd).compress([UInt8](repeating: 0, count: 4 * Self.mebibyte))
        let decompressor = unsafe try Decompressor(.zstd) { buffer in
            unsafe buffer.copyBytes(from: frame)
            return frame.count
        }
        var room = [UInt8](repeating: 0, count: Self.mebibyte)
        let failure = #expect(throws: DecompressionFailure.self) {
            while unsafe try room.withUnsafeMutableBytes({ unsafe try decompressor.read(into: $0) }) > 0 {}
        }
        #expect(failure?.reason == .ratioTooLarge(limit: 256))
        #expect(decompressor.outputCount <= 1 << 30 + Int64(Self.mebibyte))
    }

    @Test func `the limits are those that the documentation names`() {
        let limits = DecompressionLimits()
        #expect(limits.maximumOutput == 1_099_511_627_776)
        #expect(limits.maximumRatio == 256)
        #expect(limits.ratioAllowance == 1_073_741_824)
        #expect(limits.maximumWindowLog == 27)
    }
}
