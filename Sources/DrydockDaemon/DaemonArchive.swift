// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import NIOCore

/// An archive that is produced while it is sent: no file holds it.
public struct DaemonArchive: Sendable {
    /// Gives the next bytes, up to a number that it is told; none at the end.
    public typealias Reader = (Int) throws -> [UInt8]

    /// The number of bytes.
    public let size: Int64
    /// Begins to produce it.
    let open: @Sendable () throws -> Reader

    /// An archive of `size` bytes that `open` begins to produce.
    ///
    /// The reader is used by one task, on a thread that may wait.
    public init(size: Int64, open: @escaping @Sendable () throws -> Reader) {
        self.size = size
        self.open = open
    }
}

/// The archive as the body of a request.
struct DaemonUpload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let archive: DaemonArchive
    let pool: BlockingPool
    /// Told of the number of bytes of each piece.
    let progress: @Sendable (Int) -> Void

    func makeAsyncIterator() -> Iterator { Iterator(upload: self) }

    struct Iterator: AsyncIteratorProtocol {
        let upload: DaemonUpload
        private var reader: DaemonArchive.Reader?

        /// Large enough that handing a piece over costs little, and small enough to stay in a processor's cache.
        private static let pieceSize = 256 << 10

        init(upload: DaemonUpload) { self.upload = upload }

        mutating func next() async throws -> ByteBuffer? {
            let reader = try self.reader ?? upload.archive.open()
            self.reader = reader
            let piece = try await withTaskExecutorPreference(upload.pool) {
                // Only after it has waited does a task run where it is meant to.
                await Task.yield()
                return try reader(Self.pieceSize)
            }
            upload.progress(piece.count)
            return piece.isEmpty ? nil : ByteBuffer(bytes: piece)
        }
    }
}
