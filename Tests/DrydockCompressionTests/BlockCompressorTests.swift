// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct BlockCompressorTests {
    /// The digest of a stream that was compressed with a known version of a library.
    struct Golden: Sendable, CustomTestStringConvertible {
        let format: CompressionFormat
        let sha256: String
        let library: String
        let current: String

        var testDescription: String { format.rawValue }

        func advice(_ actual: String) -> Comment {
            """
            The bytes of \(format.rawValue) streams changed. The golden value is of \(library); this is \(current). If \
            the versions differ and all other tests of this target pass, the library's encoder changed: put \(actual) \
            and the new version into this table and mention it in the change log, because digests of compressed layers \
            change for users. If the versions are equal, a setting or a block size changed: undo it.
            """
        }
    }

    static let golden = [
        Golden(
            format: .gzip,
            sha256: "ea6d825127964a89a50653818b5e55ca188f6a4c6fc82e8a4dc33a49cd9682aa",
            library: "libdeflate 1.14",
            current: "libdeflate \(CompressionLibraries.libdeflate)"
        ),
        Golden(
            format: .zstd,
            sha256: "3d7126453ebd2abc32af78ab369567d5acc7e532334252a450da924eea9d86cf",
            library: "zstd 1.5.4",
            current: "zstd \(CompressionLibraries.zstd)"
        ),
    ]

    @Test(arguments: golden) func `the bytes of a stream are the recorded ones`(_ golden: Golden) throws {
        let input = SampleBytes.text(1 << 20) + SampleBytes.dense(4 << 20) + SampleBytes.random(1 << 18)
        let stream = try BlockCompressor(golden.format).stream(of: input)
        let digest = try String(decoding: FilterProgram.sha256(stream).prefix(64), as: UTF8.self)
        #expect(digest == golden.sha256, golden.advice(digest))
    }

    @Test func `a gzip member carries neither time nor name nor system`() throws {
        let member = try BlockCompressor(.gzip).compress(Array("layer".utf8))
        // RFC 1952, 2.3: magic, deflate, no flags, four bytes of time, no extra flags, unknown system.
        #expect(member.prefix(10) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
    }

    @Test func `a zstd frame carries its size and a checksum`() throws {
        let frame = try BlockCompressor(.zstd).compress(SampleBytes.text(1000))
        // RFC 8878, 3.1.1.1.1: two bytes of content size (01), single segment, checksum; the size less 256.
        #expect(frame.prefix(7) == [0x28, 0xB5, 0x2F, 0xFD, 0b0110_0100, 0xE8, 0x02])
    }

    @Test func `no bytes make one empty block`() throws {
        let member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(try decompress(member, .gzip) == [])
        for format in CompressionFormat.written {
            let block = try BlockCompressor(format).compress([])
            #expect(try decompress(block, format) == [])
            #expect(block.isEmpty == (format == .none))
        }
    }

    @Test(arguments: CompressionFormat.written) func `blocks do not depend on earlier ones`(
        _ format: CompressionFormat
    ) throws {
        let (first, second) = (SampleBytes.text(50_000), SampleBytes.dense(50_000))
        let compressor = try BlockCompressor(format)
        let fresh = try BlockCompressor(format).compress(second)
        _ = try compressor.compress(first)
        #expect(try compressor.compress(second) == fresh)
    }

    @Test(arguments: CompressionFormat.written) func `random bytes fit into the bound`(
        _ format: CompressionFormat
    ) throws {
        let compressor = try BlockCompressor(format)
        for count in [0, 1, 100, 65_536, 1 << 18] {
            let block = try compressor.compress(SampleBytes.random(count))
            #expect(block.count <= compressor.outputBound(for: count))
            #expect(try decompress(block, format) == SampleBytes.random(count))
        }
    }

    @Test func `every level gives a valid stream, and higher ones a smaller one`() throws {
        let text = SampleBytes.text(200_000)
        for format in CompressionFormat.written {
            let sizes = try format.levels.map { level in
                let stream = try BlockCompressor(format, level: level).compress(text)
                #expect(try decompress(stream, format) == text, "\(format) level \(level)")
                return stream.count
            }
            let (first, last) = try (#require(sizes.first), #require(sizes.last))
            #expect(first > last || format == .none)
        }
    }

    @Test func `gzip takes more time for text, and only for text`() throws {
        let text = SampleBytes.text(300_000)
        let headers = Array(repeating: 0 as UInt8, count: 60_000)
        // The smallest blocks have one sample, and the last one of a large block is short.
        let cases: [(block: [UInt8], level: Int)] = [
            (text, 4), (Array(text.prefix(7)), 4), (Array(text.prefix(4096 * 65 + 1)), 4), (text + headers, 4),
            (SampleBytes.random(300_000), 1), (headers, 1), (headers + text.prefix(200_000), 1), ([0x80], 1), ([], 1),
        ]
        let compressor = try BlockCompressor(.gzip)
        for (block, level) in cases {
            let member = try compressor.compress(block)
            #expect(try member == BlockCompressor(.gzip, level: level).compress(block), "\(block.count) bytes")
            #expect(try decompress(member, .gzip) == block)
        }
    }

    @Test func `a level that a format does not have is a programmer's mistake`() async {
        await #expect(processExitsWith: .failure) { _ = try BlockCompressor(.gzip, level: 13) }
    }

    @Test func `too little room for the output is a programmer's mistake`() async {
        await #expect(processExitsWith: .failure) {
            var room = [UInt8](repeating: 0, count: 10)
            let compressor = try BlockCompressor(.gzip)
            _ = unsafe try room.withUnsafeMutableBytes { output in
                unsafe try compressor.compress(UnsafeRawBufferPointer(start: nil, count: 0), into: output)
            }
        }
    }

    @Test func `block sizes are those that published digests were made with`() {
        #expect(BlockCompressor.blockSize(of: .none) == 1_048_576)
        #expect(BlockCompressor.blockSize(of: .gzip) == 1_048_576)
        #expect(BlockCompressor.blockSize(of: .zstd) == 4_194_304)
    }
}
