// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A source that counts where it is, reads in large steps, and hands out strings of the format.
struct NARInput<Source: NARSource> {
    private static var capacity: Int { 1 << 16 }

    private var source: Source
    private var buffer = [UInt8](repeating: 0, count: Self.capacity)
    /// What of the buffer was read from the source and not handed out.
    private var filled = 0..<0
    /// The number of bytes that were handed out.
    private(set) var offset: Int64 = 0

    init(_ source: Source) { self.source = source }

    /// Whether nothing is left.
    mutating func isAtEnd() throws -> Bool { try !fill() }

    /// Reads the length of a string.
    mutating func readLength() throws -> UInt64 {
        var length: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 8) { length |= UInt64(try readByte()) << UInt64(shift) }
        return length
    }

    /// Reads that many bytes; the caller has bounded the number.
    mutating func readBytes(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            try require()
            let step = min(count - bytes.count, filled.count)
            bytes += buffer[filled.lowerBound..<filled.lowerBound + step]
            pass(step)
        }
        return bytes
    }

    /// Reads the zeros behind a string of that length.
    mutating func readPadding(_ length: Int64) throws {
        for _ in 0..<NARToken.paddingLength(length) {
            let start = offset
            guard try readByte() == 0 else { throw NARReadingFailure(.nonzeroPadding, at: start) }
        }
    }

    /// Reads what is ready, at least one byte.
    mutating func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        if filled.isEmpty, room.count >= Self.capacity {
            let count = try unsafe source.read(into: room)
            precondition((0...room.count).contains(count), "A source returns at most as many bytes as it is asked for")
            guard count > 0 else { throw NARReadingFailure(.truncated, at: offset) }
            offset += Int64(count)
            return count
        }
        try require()
        let step = min(room.count, filled.count)
        unsafe room.copyBytes(from: buffer[filled.lowerBound..<filled.lowerBound + step])
        pass(step)
        return step
    }

    /// Passes over that many bytes.
    mutating func skip(_ count: Int64) throws {
        var rest = count
        while rest > 0 {
            try require()
            let step = Int(min(rest, Int64(filled.count)))
            pass(step)
            rest -= Int64(step)
        }
    }

    private mutating func readByte() throws -> UInt8 {
        try require()
        let byte = buffer[filled.lowerBound]
        pass(1)
        return byte
    }

    private mutating func pass(_ count: Int) {
        filled = filled.lowerBound + count..<filled.upperBound
        offset += Int64(count)
    }

    private mutating func require() throws {
        guard try fill() else { throw NARReadingFailure(.truncated, at: offset) }
    }

    /// Makes sure that at least one byte is in the buffer; false at the end.
    private mutating func fill() throws -> Bool {
        guard filled.isEmpty else { return true }
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
        precondition((0...buffer.count).contains(count), "A source returns at most as many bytes as it is asked for")
        filled = 0..<count
        return count > 0
    }
}

extension NARInput: Sendable where Source: Sendable {}
