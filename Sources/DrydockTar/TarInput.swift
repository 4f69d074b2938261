// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A source that counts where it is and reads whole blocks.
struct TarInput<Source: TarSource> {
    private var source: Source
    /// The number of bytes that were read or passed over.
    private(set) var offset: Int64 = 0
    /// The last block that was read.
    private(set) var block = [UInt8](repeating: 0, count: TarFormat.blockSize)

    init(_ source: Source) { self.source = source }

    /// Reads the next block; false at the end.
    mutating func readBlock() throws -> Bool {
        let start = offset
        var block = self.block
        self.block = []
        let count = try unsafe block.withUnsafeMutableBytes { try unsafe fill($0) }
        self.block = block
        guard count == 0 || count == block.count else {
            throw TarReadingFailure(.truncatedBlock(available: count), at: start)
        }
        return count > 0
    }

    /// Reads that many bytes; nil if the archive ends before.
    mutating func readBytes(_ count: Int) throws -> [UInt8]? {
        let (bytes, available) = try readAvailable(count)
        return available == count ? bytes : nil
    }

    /// Reads that many bytes, or fewer at the end of the archive.
    private mutating func readAvailable(_ count: Int) throws -> (bytes: [UInt8], available: Int) {
        var bytes = [UInt8](repeating: 0, count: count)
        let available = try unsafe bytes.withUnsafeMutableBytes { try unsafe fill($0) }
        return (bytes, available)
    }

    /// Reads what the source has ready; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try unsafe source.read(into: buffer)
        precondition((0...buffer.count).contains(count), "A source returns at most as many bytes as it is asked for")
        offset += Int64(count)
        return count
    }

    /// Passes over content and the zeros behind it; false if the archive ends within the content.
    ///
    /// The zeros may be missing, as behind the only file of `umoci insert`. The last bytes are read, because a source can
    /// be told to go beyond its end without noticing; they reach into the content, since less than a block is padding.
    mutating func skip(_ content: Int64, padding: Int64) throws -> Bool {
        let count = content + padding
        let last = min(count, Int64(TarFormat.blockSize))
        if count > last {
            // No archive is that long: one that claims to be ends before.
            guard !offset.addingReportingOverflow(count).overflow else { return false }
            try source.skip(count - last)
            offset += count - last
        }
        return try readAvailable(Int(last)).available >= Int(last - padding)
    }

    private mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}

extension TarInput: Sendable where Source: Sendable {}
