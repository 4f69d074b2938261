// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

/// Streams of several gzip members, of which small ones are decoded whole and others piece by piece.
@Suite struct GzipMembersTests {
    /// Sizes around the largest member that is decoded whole, which is a mebibyte.
    private static let sizes = [1, 1 << 20, 0, (1 << 20) + 1, 3 << 20, 5, 70_000, 1 << 20]

    private static func member(_ number: Int, _ size: Int) -> [UInt8] {
        // Of every second member no byte can be saved.
        number % 2 == 1 ? SampleBytes.random(size) : SampleBytes.text(size)
    }

    @Test(arguments: [1_000, 1 << 16, 1 << 20, 2 << 20]) func `members of all sizes come in buffers of any size`(
        _ room: Int
    ) throws {
        let compressor = try BlockCompressor(.gzip)
        let members = Self.sizes.enumerated().map { Self.member($0.offset, $0.element) }
        let stream = try members.flatMap { try compressor.compress($0) }
        for piece in [65_537, .max] {
            let source = ArraySource(stream, piece: piece)
            let decompressor = unsafe try Decompressor(.gzip) { unsafe source.read(into: $0) }
            #expect(try decompressor.readAll(room: room) == members.flatMap(\.self), "\(piece) bytes at once")
            #expect(decompressor.inputCount == Int64(stream.count))
        }
    }

    @Test func `many tiny members are read to the last`() throws {
        let compressor = try BlockCompressor(.gzip)
        let stream = try (0..<5_000).flatMap { try compressor.compress(Array("\($0) ".utf8)) }
        let text = String(decoding: try decompress(stream, .gzip), as: UTF8.self)
        #expect(text == (0..<5_000).map { "\($0) " }.joined())
    }

    @Test func `damage in a small member is told where it is, after what comes before`() throws {
        let compressor = try BlockCompressor(.gzip)
        let first = try compressor.compress(Array("one".utf8))
        let second = try compressor.compress(SampleBytes.text(10_000))
        var stream = first + second
        // The last eight bytes of a member are checksum and length.
        stream[stream.count - 6] ^= 1
        let source = ArraySource(stream)
        let decompressor = unsafe try Decompressor(.gzip) { unsafe source.read(into: $0) }
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = unsafe try buffer.withUnsafeMutableBytes { unsafe try decompressor.read(into: $0) }
        #expect(buffer[..<count] == Array("one".utf8)[...])
        let end = Int64(stream.count)
        let failure = #expect(throws: DecompressionFailure.self) { try decompressor.readAll() }
        #expect(failure?.reason == .checksumMismatch)
        #expect(failure.map { (end - 8...end).contains($0.inputOffset) } == true)
    }
}
