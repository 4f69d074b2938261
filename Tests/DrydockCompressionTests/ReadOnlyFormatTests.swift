// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct ReadOnlyFormatTests {
    /// A format that is read only, and the program that writes it.
    struct Writer: Sendable, CustomTestStringConvertible {
        let format: CompressionFormat
        let program: FilterProgram

        var testDescription: String { format.rawValue }

        static let all = [Writer(format: .xz, program: .xz), Writer(format: .bzip2, program: .bzip2)]
    }

    private static func failure(_ bytes: [UInt8], _ format: CompressionFormat) -> DecompressionFailure? {
        #expect(throws: DecompressionFailure.self) { try decompress(bytes, format) }
    }

    @Test(arguments: Writer.all) func `several streams are read as one`(_ writer: Writer) throws {
        let parts = [SampleBytes.text(3000), [], SampleBytes.dense(3000)]
        let stream = try parts.flatMap { try writer.program($0) }
        for piece in [1, 7, .max] {
            #expect(try decompress(stream, writer.format, piece: piece) == Array(parts.joined()))
        }
        #expect(try decompress(stream + [0, 0, 0, 0], writer.format) == Array(parts.joined()))
    }

    @Test(arguments: Writer.all) func `every truncation is refused where it is`(_ writer: Writer) throws {
        let bytes = try writer.program(Array("one two three one two three".utf8))
        for cut in 0..<bytes.count {
            let expected = DecompressionFailure(.truncated, format: writer.format, inputOffset: Int64(cut))
            #expect(throws: expected) { try decompress(Array(bytes[..<cut]), writer.format) }
        }
    }

    @Test(arguments: Writer.all) func `every flipped bit is noticed or harmless`(_ writer: Writer) throws {
        let text = SampleBytes.text(300)
        let stream = try writer.program(text)
        var refused = 0
        for bit in 0..<(stream.count * 8) {
            var damaged = stream
            damaged[bit / 8] ^= 1 << (bit % 8)
            do { #expect(try decompress(damaged, writer.format) == text, "bit \(bit)") } catch is DecompressionFailure {
                refused += 1
            }
        }
        // The level in a bzip2 header, and the bits that fill its last byte.
        #expect(refused >= stream.count * 8 - 16)
    }

    @Test(arguments: Writer.all) func `what follows a stream is refused`(_ writer: Writer) throws {
        let stream = try writer.program([1])
        let failure = Self.failure(stream + Array("text".utf8), writer.format)
        #expect(failure?.reason == .trailingBytes)
        #expect(failure?.inputOffset == Int64(stream.count))
        #expect(Self.failure(Array("some text".utf8), writer.format)?.reason == .wrongMagic)
    }

    @Test(arguments: Writer.all) func `the limits hold`(_ writer: Writer) throws {
        let stream = try writer.program([UInt8](repeating: 0, count: 1 << 20))
        var limits = DecompressionLimits()
        limits.ratioAllowance = 1 << 16
        let failure = #expect(throws: DecompressionFailure.self) {
            try decompress(stream, writer.format, limits: limits)
        }
        #expect(failure?.reason == .ratioTooLarge(limit: 256))
        limits = DecompressionLimits()
        limits.maximumOutput = 1000
        let other = #expect(throws: DecompressionFailure.self) { try decompress(stream, writer.format, limits: limits) }
        #expect(other?.reason == .outputTooLarge(limit: 1000))
    }

    @Test func `a dictionary of xz that is too large is refused`() throws {
        let stream = try FilterProgram("/usr/bin/xz", "-c", "--lzma2=dict=256MiB")(SampleBytes.text(100))
        #expect(
            Self.failure(stream, .xz)?.description
                == "The xz data needs a window of more than 134217728 bytes; compress it again at a lower level"
        )
    }

    @Test func `damage is told in words`() throws {
        var stream = try FilterProgram.xz(SampleBytes.text(100))
        stream[30] ^= 255
        #expect(
            Self.failure(stream, .xz)?.description.wholeMatch(
                of: /The xz data is damaged near byte \d+ \(wrong data or checksum\); get or write the file again/
            ) != nil
        )
    }
}
