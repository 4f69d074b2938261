// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The 32 nix32 digits that the name of a store object begins with.
public struct HashPart: Hashable, Sendable {
    let digits: SIMD32<UInt8>

    /// The hash part of a store path.
    public init(of path: StorePath) {
        self.init(path.baseName.utf8Span.span, at: 0)
    }

    /// The 32 bytes from an index on, which ``HashPartWindows`` found.
    public init(_ bytes: borrowing Span<UInt8>, at start: Int) {
        precondition(start >= 0 && start <= bytes.count - StorePath.hashPartLength, "A hash part has 32 bytes")
        // Unsafe, because the load does not check what the line above does; all bytes are a value of the type.
        digits = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: SIMD32<UInt8>.self)
    }

    /// Hashes all digits at once: one by one takes longer than everything else that is done with them.
    public func hash(into hasher: inout Hasher) {
        unsafe withUnsafeBytes(of: digits) { digits in unsafe hasher.combine(bytes: digits) }
    }

    /// The digits as bytes.
    var bytes: [UInt8] { digits.indices.map { digits[$0] } }
}

/// Finds where hash parts may stand in bytes: wherever 32 nix32 digits follow on each other.
///
/// The bytes come in any pieces; what lies across a border is found too. A window of 32 bytes moves over them and is
/// looked at from its end: at a byte that is no digit it jumps behind that byte. So mostly one byte in 32 is read. In a
/// run of digits each byte is read once.
public struct HashPartWindows: Sendable {
    private static let isDigit = (0..<256).map { Nix32.isDigit(UInt8($0)) }
    /// The last bytes of the pieces so far: what a hash part across the border can begin with.
    private var tail: [UInt8] = []

    /// No bytes so far.
    public init() {}

    /// Looks through the next piece.
    ///
    /// - Parameters:
    ///   - piece: Bytes that follow on those before.
    ///   - visit: Called with bytes and the index of the first of 32 digits in them.
    public mutating func update(_ piece: borrowing Span<UInt8>, visit: (borrowing Span<UInt8>, Int) -> Void) {
        let border = StorePath.hashPartLength - 1
        let head = min(piece.count, border)
        for index in 0..<head { tail.append(piece[index]) }
        Self.scan(tail.span, visit)
        if piece.count > border {
            Self.scan(piece, visit)
            tail.removeAll(keepingCapacity: true)
            for index in piece.count - border..<piece.count { tail.append(piece[index]) }
        } else {
            tail.removeFirst(max(0, tail.count - border))
        }
    }

    private static func scan(_ bytes: borrowing Span<UInt8>, _ visit: (borrowing Span<UInt8>, Int) -> Void) {
        let length = StorePath.hashPartLength
        let isDigit = Self.isDigit
        var start = 0
        // Everything from `start` to here is known to be digits.
        var checked = 0
        while start + length <= bytes.count {
            let end = start + length
            var index = end - 1
            while index >= checked, isDigit[Int(bytes[index])] { index -= 1 }
            if index >= checked {
                start = index + 1
            } else {
                visit(bytes, start)
                start += 1
            }
            checked = end
        }
    }
}
