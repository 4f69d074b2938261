// SPDX-License-Identifier: Apache-2.0

/// Which byte of a number comes first.
public enum ByteOrder: Hashable, Sendable {
    /// The lowest byte first.
    case little
    /// The highest byte first.
    case big
}

/// A place in bytes that moves forward as fields are read.
///
/// The cursor holds only the position; every call is given the bytes anew, because a stored span would tie the
/// cursor's life to that of the bytes. A read that fails leaves the position where it was.
public struct ByteCursor: Hashable, Sendable {
    /// The offset of the next byte to read.
    ///
    /// It may come from hostile input: a position outside the bytes is not an error until something is read there.
    public private(set) var position: Int

    /// A cursor that starts at an offset.
    public init(at position: Int = 0) { self.position = position }

    /// How many bytes are left behind the position.
    public func remaining(in bytes: borrowing Span<UInt8>) -> Int {
        position >= 0 && position < bytes.count ? bytes.count - position : 0
    }

    /// Reads an integer of fixed width.
    ///
    /// - Throws: ``DecodingFailure/Reason/insufficientData(needed:available:)``.
    public mutating func read<Value: FixedWidthInteger>(
        _ type: Value.Type = Value.self,
        order: ByteOrder,
        from bytes: borrowing Span<UInt8>
    ) throws(DecodingFailure) -> Value {
        let width = Value.bitWidth / 8
        try require(width, in: bytes)
        var value: Value = 0
        for index in 0..<width {
            let place = order == .big ? index : width - 1 - index
            // The first shift of a one-byte integer would be by its whole width, which Swift defines as zero.
            value = value << 8 | Value(truncatingIfNeeded: bytes[position + place])
        }
        position += width
        return value
    }

    /// Copies the next `count` bytes.
    ///
    /// - Throws: ``DecodingFailure`` when there are fewer, or when `count` is negative.
    public mutating func readBytes(
        _ count: Int,
        from bytes: borrowing Span<UInt8>
    ) throws(DecodingFailure) -> [UInt8] {
        try require(count, in: bytes)
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in 0..<count { copy.append(bytes[position + index]) }
        position += count
        return copy
    }

    /// Moves the position forward without reading.
    ///
    /// - Throws: ``DecodingFailure`` when there are fewer bytes, or when `count` is negative.
    public mutating func skip(_ count: Int, in bytes: borrowing Span<UInt8>) throws(DecodingFailure) {
        try require(count, in: bytes)
        position += count
    }

    /// Reads up to the next zero byte and moves behind it; the string does not contain it.
    ///
    /// - Parameters:
    ///   - limit: The greatest length of the string in bytes, without the zero byte.
    ///   - bytes: What to read from.
    /// - Returns: The string without the zero byte.
    /// - Throws: ``DecodingFailure/Reason/unterminatedString(limit:)`` when there is no zero byte within the limit.
    public mutating func readTerminatedString(
        limit: Int = .max,
        from bytes: borrowing Span<UInt8>
    ) throws(DecodingFailure) -> ByteString {
        let available = remaining(in: bytes)
        var length = 0
        while length < available, length <= limit {
            if bytes[position + length] == 0 {
                let text = try readBytes(length, from: bytes)
                position += 1
                return ByteString(text)
            }
            length += 1
        }
        throw DecodingFailure(.unterminatedString(limit: min(limit, available)), offset: position)
    }

    private func require(_ count: Int, in bytes: borrowing Span<UInt8>) throws(DecodingFailure) {
        guard count >= 0 else { throw DecodingFailure(.negativeLength(count), offset: position) }
        let available = remaining(in: bytes)
        guard count <= available else {
            throw DecodingFailure(.insufficientData(needed: count, available: available), offset: position)
        }
    }
}
