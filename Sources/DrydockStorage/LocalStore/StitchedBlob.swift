// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockOCI

/// A blob that is several runs of bytes one behind the other, each in memory or at the start of a file.
public struct StitchedBlob: BlobSource {
    /// A run of bytes.
    public enum Piece: Hashable, Sendable {
        /// In memory.
        case bytes([UInt8])
        /// The first bytes of a file.
        case file(path: String, size: Int64)

        /// The number of bytes.
        public var size: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.count)
            case .file(_, let size): size
            }
        }
    }

    /// The pieces in their order.
    public private(set) var pieces: [Piece] = []
    /// The bytes of all pieces together.
    public private(set) var size: Int64 = 0

    /// A blob of no bytes.
    public init() {}

    /// Adds a piece at the end.
    public mutating func append(_ piece: Piece) {
        pieces.append(piece)
        size += piece.size
    }

    /// Hands the bytes from an offset on to `body`; they are not verified.
    ///
    /// - Throws: `SystemError` if a file is gone or has become shorter; what `body` throws.
    public func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        let buffer = AlignedBuffer(capacity: Self.step)
        var skipped = offset
        for piece in pieces {
            if skipped >= piece.size {
                skipped -= piece.size
                continue
            }
            try unsafe await Self.read(piece, from: skipped, into: buffer, body)
            skipped = 0
        }
    }

    private static func read(
        _ piece: Piece,
        from start: Int64,
        into buffer: AlignedBuffer,
        _ body: BlobBytesHandler
    ) async throws {
        switch piece {
        case .bytes(let bytes):
            let whole = AlignedBuffer(capacity: bytes.count)
            unsafe whole.storage.copyBytes(from: bytes)
            whole.count = bytes.count
            try unsafe await body(UnsafeRawBufferPointer(rebasing: whole.bytes[Int(start)...]))
        case .file(let path, let size):
            let file = try OwnedDescriptor(opening: path)
            var offset = start
            while offset < size {
                buffer.count = try unsafe file.read(into: buffer.storage, at: offset, path: path)
                // Whoever asked for the bytes counts them.
                guard buffer.count > 0 else { return }
                let count = Int(min(Int64(buffer.count), size - offset))
                try unsafe await body(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
                offset += Int64(count)
            }
        }
    }

    private static let step = 256 << 10
}
