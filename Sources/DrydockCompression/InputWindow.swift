// SPDX-License-Identifier: Apache-2.0

/// The compressed bytes that were taken from a source and are not used yet.
@safe final class InputWindow {
    /// Large enough that the calls of the source cost nothing beside the decoding.
    private static let capacity = 256 * 1024

    private var buffer: UnsafeMutableRawBufferPointer
    private let source: Decompressor.Source
    private var start = 0
    private var end = 0
    private var sourceEnded = false

    /// The number of bytes used since the beginning of the stream.
    private(set) var offset: Int64 = 0

    init(_ source: @escaping Decompressor.Source) {
        unsafe buffer = .allocate(byteCount: Self.capacity, alignment: 64)
        unsafe self.source = source
    }

    deinit { unsafe buffer.deallocate() }

    /// The bytes at hand.
    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end]) }

    /// Asks the source until `count` bytes are at hand or the source has no more.
    ///
    /// - Returns: Whether so many are at hand.
    /// - Throws: What the source throws.
    func provide(_ count: Int) throws -> Bool {
        // Twice as much, so that few bytes are moved however little is used between two calls.
        if unsafe count > buffer.count { grow(to: 2 * count) }
        while end - start < count, !sourceEnded {
            if start == end {
                (start, end) = (0, 0)
            } else if unsafe start + count > buffer.count {
                compact()
            }
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
            let added = unsafe try source(room)
            precondition(0...room.count ~= added, "A buffer of \(room.count) bytes was filled with \(added)")
            end += added
            sourceEnded = added == 0
        }
        return end - start >= count
    }

    /// The first bytes, up to `count`, without using them.
    ///
    /// - Throws: What the source throws.
    func peek(_ count: Int) throws -> [UInt8] {
        _ = try provide(count)
        return unsafe Array(bytes.prefix(count))
    }

    /// Gives up bytes at the front.
    func use(_ count: Int) {
        start += count
        offset += Int64(count)
    }

    private func grow(to count: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        unsafe larger.copyMemory(from: bytes)
        unsafe buffer.deallocate()
        unsafe buffer = larger
        end -= start
        start = 0
    }

    private func compact() {
        unsafe buffer.copyMemory(from: bytes)
        end -= start
        start = 0
    }
}
