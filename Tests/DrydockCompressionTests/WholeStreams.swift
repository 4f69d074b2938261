// SPDX-License-Identifier: Apache-2.0

import DrydockCompression

/// Gives an array piece by piece.
final class ArraySource {
    private let bytes: [UInt8]
    private let piece: Int
    private var position = 0

    /// Gives at most `piece` bytes at once.
    init(_ bytes: [UInt8], piece: Int = .max) {
        self.bytes = bytes
        self.piece = piece
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, piece, bytes.count - position)
        unsafe bytes.withUnsafeBytes { all in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[position..<(position + count)]))
        }
        position += count
        return count
    }
}

extension ParallelCompressor {
    /// A whole stream in compressed form.
    func compress(_ bytes: [UInt8], piece: Int = .max) async throws -> [UInt8] {
        let source = ArraySource(bytes, piece: piece)
        var output: [UInt8] = []
        unsafe try await compress(
            filling: { unsafe source.read(into: $0) },
            writing: { unsafe output.append(contentsOf: $0) }
        )
        return output
    }
}

extension BlockCompressor {
    /// A whole stream, cut and compressed as the documentation says, without any concurrency.
    func stream(of bytes: [UInt8]) throws -> [UInt8] {
        let size = Self.blockSize(of: format)
        guard !bytes.isEmpty else { return try compress([]) }
        return try stride(from: 0, to: bytes.count, by: size).flatMap { start in
            try compress(Array(bytes[start..<min(start + size, bytes.count)]))
        }
    }
}

extension Decompressor {
    /// The rest of the stream.
    func readAll(room: Int = 64 * 1024) throws -> [UInt8] {
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: room)
        while true {
            let count = unsafe try piece.withUnsafeMutableBytes { unsafe try read(into: $0) }
            guard count > 0 else { return output }
            output += piece[..<count]
        }
    }
}

/// The content of a compressed stream.
func decompress(
    _ bytes: [UInt8],
    _ format: CompressionFormat,
    limits: DecompressionLimits = DecompressionLimits(),
    piece: Int = .max
) throws -> [UInt8] {
    let source = ArraySource(bytes, piece: piece)
    return unsafe try Decompressor(format, limits: limits) { unsafe source.read(into: $0) }.readAll()
}
