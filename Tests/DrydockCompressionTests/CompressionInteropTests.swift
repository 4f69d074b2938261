// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite struct CompressionInteropTests {
    private static let pythonGunzip = FilterProgram.python(
        "import gzip,sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"
    )
    private static let pythonZlib = FilterProgram.python(
        """
        import sys, zlib
        data = sys.stdin.buffer.read()
        while data:
            member = zlib.decompressobj(31)
            sys.stdout.buffer.write(member.decompress(data))
            assert member.eof
            data = member.unused_data
        """
    )
    private static let pythonGzip = FilterProgram.python(
        """
        import gzip, sys
        with gzip.GzipFile('layer.tar', 'wb', 1, sys.stdout.buffer, 1234567890) as file:
            file.write(sys.stdin.buffer.read())
        """
    )

    /// More than two blocks of either format, the last one small.
    private static let input = SampleBytes.dense(9 << 20) + SampleBytes.text(1000)

    @Test(arguments: [
        (CompressionFormat.gzip, FilterProgram.gunzip), (.gzip, pythonGunzip), (.gzip, pythonZlib), (.zstd, .unzstd),
    ])
    func `other programs read a stream`(_ format: CompressionFormat, _ program: FilterProgram) async throws {
        let compressor = ParallelCompressor(format, workers: 2)
        #expect(try await program(compressor.compress(Self.input)) == Self.input)
        #expect(try await program(compressor.compress([])) == [])
    }

    @Test(arguments: [
        (CompressionFormat.gzip, FilterProgram.gzip), (.gzip, pythonGzip), (.zstd, .zstd), (.xz, .xz), (.bzip2, .bzip2),
    ])
    func `a stream of another program is read`(_ format: CompressionFormat, _ program: FilterProgram) throws {
        #expect(try decompress(program(Self.input), format) == Self.input)
        #expect(try decompress(program([]), format) == [])
    }
}
