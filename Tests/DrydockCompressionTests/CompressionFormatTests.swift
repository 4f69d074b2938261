// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct CompressionFormatTests {
    /// The beginning of a stream and its format.
    struct Beginning: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let format: CompressionFormat

        static let all = [
            Beginning(testDescription: "gzip", bytes: [0x1F, 0x8B, 8, 0, 0, 0], format: .gzip),
            Beginning(testDescription: "zstd", bytes: [0x28, 0xB5, 0x2F, 0xFD, 4, 0], format: .zstd),
            Beginning(testDescription: "skippable frame", bytes: [0x5E, 0x2A, 0x4D, 0x18, 0, 0], format: .zstd),
            Beginning(testDescription: "xz", bytes: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], format: .xz),
            Beginning(testDescription: "bzip2", bytes: Array("BZh91A".utf8), format: .bzip2),
            Beginning(testDescription: "bzip2 of nothing", bytes: Array("BZh9".utf8) + [0x17, 0x72], format: .bzip2),
            Beginning(testDescription: "a file name like bzip2", bytes: Array("BZh9.t".utf8), format: .none),
            Beginning(testDescription: "three bytes of zstd", bytes: [0x28, 0xB5, 0x2F], format: .none),
            Beginning(testDescription: "one byte of gzip", bytes: [0x1F], format: .none),
            Beginning(testDescription: "a file name in a tar header", bytes: Array("usr/bi".utf8), format: .none),
            Beginning(testDescription: "nothing", bytes: [], format: .none),
        ]
    }

    @Test(arguments: Beginning.all) func `the first bytes tell the format`(_ beginning: Beginning) throws {
        #expect(try CompressionFormat.detect(beginning.bytes) == beginning.format)
    }

    @Test(arguments: [
        ("lz4", [0x04, 0x22, 0x4D, 0x18, 0x64, 0x40]),
        ("lzip", Array("LZIP\u{1}\u{14}".utf8)),
    ])
    func `a format that is not read is refused by its name`(_ name: String, _ bytes: [UInt8]) throws {
        let failure = #expect(throws: DecompressionFailure.self) { try CompressionFormat.detect(bytes) }
        #expect(failure == DecompressionFailure(.unsupportedFormat(name), format: .none, inputOffset: 0))
        #expect(
            failure?.description
                == "Data compressed with \(name) is not supported; compress it again with gzip or zstd"
        )
    }

    @Test(arguments: CompressionFormat.written) func `a stream is read in the format that it has`(
        _ format: CompressionFormat
    ) throws {
        let text = Array("a layer of words".utf8)
        for piece in [1, .max] {
            let source = try ArraySource(BlockCompressor(format).compress(text), piece: piece)
            let decompressor = unsafe try Decompressor(detecting: DecompressionLimits()) {
                unsafe source.read(into: $0)
            }
            #expect(decompressor.format == format)
            #expect(try decompressor.readAll() == text)
        }
    }

    @Test func `names and extensions are those that people write`() {
        #expect(CompressionFormat.written.map(\.rawValue) == ["none", "gzip", "zstd"])
        #expect(CompressionFormat.allCases.map(\.fileExtension) == ["", ".gz", ".zst", ".xz", ".bz2"])
    }

    @Test func `every library has a version`() throws {
        let versions = [
            CompressionLibraries.bzip2, CompressionLibraries.libdeflate, CompressionLibraries.xz,
            CompressionLibraries.zlib, CompressionLibraries.zstd,
        ]
        for version in versions {
            #expect(version.wholeMatch(of: /\d+\.\d+(\.\d+)*.*/) != nil)
        }
    }
}
