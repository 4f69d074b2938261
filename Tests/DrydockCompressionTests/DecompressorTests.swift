// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct DecompressorTests {
    private struct Refusal: Error, Equatable {}

    /// A stream and what it holds.
    struct Stream: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let format: CompressionFormat
        let pieces: [Piece]

        /// A part of a stream.
        enum Piece: Sendable {
            case block(String)
            case raw([UInt8])
        }

        func bytes() throws -> [UInt8] {
            let compressor = try BlockCompressor(format)
            return try pieces.flatMap { piece in
                switch piece {
                case .block(let text): try compressor.compress(Array(text.utf8))
                case .raw(let bytes): bytes
                }
            }
        }

        static let valid = [
            Stream(
                testDescription: "three members",
                format: .gzip,
                pieces: [.block("one "), .block("two "), .block("three")]
            ),
            Stream(
                testDescription: "an empty member in between",
                format: .gzip,
                pieces: [.block("one two "), .block(""), .block("three")]
            ),
            Stream(
                testDescription: "zero bytes at the end",
                format: .gzip,
                pieces: [.block("one two three"), .raw([UInt8](repeating: 0, count: 700_000))]
            ),
            Stream(testDescription: "two frames", format: .zstd, pieces: [.block("one "), .block("two three")]),
            Stream(
                testDescription: "skippable frames before, between and after",
                format: .zstd,
                pieces: [
                    .raw(skippable(0x50, 3)), .block("one "), .raw(skippable(0x5F, 0)), .block("two three"),
                    .raw(skippable(0x57, 600_000)),
                ]
            ),
        ]

        static let truncated = [
            Stream(testDescription: "gzip", format: .gzip, pieces: [.block("one two three one two three")]),
            Stream(testDescription: "zstd", format: .zstd, pieces: [.block("one two three one two three")]),
            Stream(testDescription: "a skippable frame", format: .zstd, pieces: [.raw(skippable(0x50, 20))]),
        ]

        private static func skippable(_ first: UInt8, _ count: Int) -> [UInt8] {
            let size = (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            return [first, 0x2A, 0x4D, 0x18] + size + [UInt8](repeating: 0xAA, count: count)
        }
    }

    @Test(arguments: Stream.valid) func `all parts of a stream are read`(_ stream: Stream) throws {
        for piece in [1, 7, .max] {
            let content = try decompress(stream.bytes(), stream.format, piece: piece)
            #expect(String(decoding: content, as: UTF8.self) == "one two three", "\(piece) bytes at once")
        }
    }

    @Test(arguments: CompressionFormat.written) func `the content comes in buffers of any size`(
        _ format: CompressionFormat
    ) throws {
        let input = SampleBytes.text(300_000)
        let stream = try BlockCompressor(format).compress(input)
        for room in [1000, 4096, 1 << 20] {
            let source = ArraySource(stream, piece: 1021)
            let decompressor = unsafe try Decompressor(format) { unsafe source.read(into: $0) }
            #expect(try decompressor.readAll(room: room) == input)
            #expect(try decompressor.readAll(room: room) == [])
            #expect(decompressor.inputCount == Int64(stream.count))
            #expect(decompressor.outputCount == 300_000)
        }
    }

    @Test(arguments: Stream.truncated) func `every truncation is refused where it is`(_ stream: Stream) throws {
        let bytes = try stream.bytes()
        for cut in 0..<bytes.count {
            let failure = DecompressionFailure(.truncated, format: stream.format, inputOffset: Int64(cut))
            #expect(throws: failure) { try decompress(Array(bytes[..<cut]), stream.format) }
        }
    }

    @Test(arguments: [CompressionFormat.gzip, .zstd]) func `every flipped bit is noticed or harmless`(
        _ format: CompressionFormat
    ) throws {
        let text = SampleBytes.text(1500)
        let stream = try BlockCompressor(format).compress(text)
        var refused = 0
        for bit in 0..<(stream.count * 8) {
            var damaged = stream
            damaged[bit / 8] ^= 1 << (bit % 8)
            do {
                #expect(try decompress(damaged, format) == text, "bit \(bit)")
            } catch is DecompressionFailure {
                refused += 1
            }
        }
        // The fields of a gzip header that say nothing about the content have 7 bytes.
        #expect(refused >= (stream.count - 8) * 8)
    }

    @Test(arguments: [CompressionFormat.gzip, .zstd]) func `damage of any kind never gives other bytes`(
        _ format: CompressionFormat
    ) throws {
        let input = SampleBytes.text(60_000) + SampleBytes.dense(60_000)
        let half = try BlockCompressor(format).compress(Array(input[..<70_000]))
        let stream = try half + BlockCompressor(format).compress(Array(input[70_000...]))
        for seed in 0..<300 {
            var generator = SplitMix64(seed: UInt64(seed))
            var damaged = stream
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let position = Int.random(in: 0..<damaged.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: damaged[position] = UInt8.random(in: 0...255, using: &generator)
                case 1: damaged.remove(at: position)
                default: damaged.insert(0xFF, at: position)
                }
            }
            do {
                #expect(try decompress(damaged, format) == input, "seed \(seed)")
            } catch is DecompressionFailure {}
        }
    }

    @Test func `a failing source is reported as it is`() throws {
        let decompressor = unsafe try Decompressor(.gzip) { _ in throw Refusal() }
        #expect(throws: Refusal()) { try decompressor.readAll() }
    }

    @Test func `a failure is final`() throws {
        // One byte too many is all that the stream holds: were it read on, it would seem to have ended well.
        let stream = try BlockCompressor(.gzip).compress([1])
        let source = ArraySource(stream)
        var limits = DecompressionLimits()
        limits.maximumOutput = 0
        let decompressor = unsafe try Decompressor(.gzip, limits: limits) { unsafe source.read(into: $0) }
        let failure = DecompressionFailure(
            .outputTooLarge(limit: 0),
            format: .gzip,
            inputOffset: Int64(stream.count)
        )
        for _ in 0..<2 { #expect(throws: failure) { try decompressor.readAll() } }
    }
}
