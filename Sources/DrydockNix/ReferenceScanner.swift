// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// Finds which store paths some bytes mention, as Nix does: by their hash parts, wherever they stand.
///
/// The bytes come in any pieces; a hash part that lies across a border is found too. Nix looks through the NAR of a
/// store object, which has the names of files and the targets of links beside the contents.
///
/// A window of 32 bytes moves over the bytes and is looked at from its end: at a byte that is no nix32 digit it jumps
/// behind that byte. So mostly one byte in 32 is read. In a run of digits each byte is read once.
public struct ReferenceScanner: Sendable {
    private let candidates: HashPartTable
    private var occurs: [Bool]
    /// The last bytes of the pieces so far: what a hash part across the border can begin with.
    private var tail: [UInt8] = []

    /// A scanner for the hash parts of these store paths.
    public init(_ candidates: some Sequence<StorePath>) {
        self.init(HashPartTable(candidates))
    }

    private init(_ candidates: HashPartTable) {
        self.candidates = candidates
        occurs = Array(repeating: false, count: candidates.paths.count)
    }

    /// A scanner for the same store paths that has seen no bytes; the table is shared.
    public var fresh: ReferenceScanner { ReferenceScanner(candidates) }

    /// The store paths whose hash part has occurred so far, sorted.
    public var found: [StorePath] {
        zip(candidates.paths, occurs).filter(\.1).map(\.0).sorted()
    }

    /// Looks through the next piece.
    public mutating func update(_ piece: borrowing Span<UInt8>) {
        guard !candidates.paths.isEmpty else { return }
        let border = StorePath.hashPartLength - 1
        let head = min(piece.count, border)
        for index in 0..<head { tail.append(piece[index]) }
        let joined = tail
        scan(joined.span)
        if piece.count > border {
            scan(piece)
            tail.removeAll(keepingCapacity: true)
            for index in piece.count - border..<piece.count { tail.append(piece[index]) }
        } else {
            tail.removeFirst(max(0, tail.count - border))
        }
    }

    private mutating func scan(_ bytes: borrowing Span<UInt8>) {
        let length = StorePath.hashPartLength
        let isDigit = HashPartTable.isDigit
        let candidates = self.candidates
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
                if candidates.mayContain(bytes, at: start) {
                    for number in candidates.matches(of: bytes, at: start) { occurs[number] = true }
                }
                start += 1
            }
            checked = end
        }
    }
}

/// Hash parts, to be looked up by 32 bytes.
private struct HashPartTable: Sendable {
    /// Which bytes are nix32 digits.
    static let isDigit = (0..<256).map { Nix32.isDigit(UInt8($0)) }
    /// The number of bits of the number that ``isBeginning`` is looked up by.
    private static let filterBits = 16

    let paths: [StorePath]
    private let numbers: [SIMD32<UInt8>: [Int]]
    /// Whether a hash part begins with four bytes that lead to this number: most windows are no hash part.
    private var isBeginning = [Bool](repeating: false, count: 1 << Self.filterBits)

    init(_ candidates: some Sequence<StorePath>) {
        paths = Array(candidates)
        var numbers: [SIMD32<UInt8>: [Int]] = [:]
        for (number, path) in paths.enumerated() {
            let key = SIMD32<UInt8>(path.hashPart.utf8)
            numbers[key, default: []].append(number)
            isBeginning[Self.filterIndex(key[0], key[1], key[2], key[3])] = true
        }
        self.numbers = numbers
    }

    /// Whether a hash part may stand at `start`, which 32 digits follow.
    func mayContain(_ bytes: borrowing Span<UInt8>, at start: Int) -> Bool {
        isBeginning[Self.filterIndex(bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3])]
    }

    /// The numbers of the store paths whose hash part stands at `start`.
    func matches(of bytes: borrowing Span<UInt8>, at start: Int) -> [Int] {
        var key = SIMD32<UInt8>()
        for index in key.indices { key[index] = bytes[start + index] }
        return numbers[key] ?? []
    }

    private static func filterIndex(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) -> Int {
        let prefix = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
        // Multiplied by the golden ratio, so that all bits decide.
        return Int((prefix &* 0x9E37_79B9) >> UInt32(32 - filterBits))
    }
}
