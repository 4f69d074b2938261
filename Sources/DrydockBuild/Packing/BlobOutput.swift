// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Writes a blob into a file from an offset on.
///
/// Where the file is synchronised before it gets its name, the disk begins while the rest is made, so that there is little
/// left to wait for in the end.
struct BlobOutput {
    /// How many bytes the disk is asked to write at once: small pieces make the writer wait in the disk's queue.
    private static let writeback: Int64 = 16 << 20

    private let output: OutputDescriptor
    private let isDurable: Bool
    private var offset: Int64
    /// Where what the disk was not asked to write begins.
    private var pending: Int64
    /// Set as soon as there is enough to be worth it.
    private var flush: BackgroundFlush?

    init(_ output: OutputDescriptor, at offset: Int64 = 0, isDurable: Bool) {
        self.output = output
        self.offset = offset
        pending = offset
        self.isDurable = isDurable
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe output.write(bytes, at: offset)
        offset += Int64(bytes.count)
        guard isDurable, offset - pending >= Self.writeback else { return }
        output.startWriteback(at: pending, count: offset - pending)
        pending = offset
        if flush == nil { flush = BackgroundFlush(of: output) }
        flush?.begin()
    }
}
