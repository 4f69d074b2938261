// SPDX-License-Identifier: Apache-2.0

/// Store paths, to be looked up by their hash parts.
public struct HashPartTable: Sendable {
    /// The number of bits of the number that ``isBeginning`` is looked up by.
    private static let filterBits = 16

    /// The store paths, as they were given.
    public let paths: [StorePath]
    private let numbers: [HashPart: [Int]]
    /// Whether a hash part begins with four bytes that lead to this number: most windows are no hash part.
    private var isBeginning = [Bool](repeating: false, count: 1 << Self.filterBits)

    /// A table of store paths, of which several may have one hash part.
    public init(_ candidates: some Sequence<StorePath>) {
        paths = Array(candidates)
        var numbers: [HashPart: [Int]] = [:]
        for (number, path) in paths.enumerated() {
            let key = HashPart(of: path)
            numbers[key, default: []].append(number)
            isBeginning[Self.filterIndex(key.digits[0], key.digits[1], key.digits[2], key.digits[3])] = true
        }
        self.numbers = numbers
    }

    /// The indices of the store paths with a hash part.
    public func indices(of part: HashPart) -> [Int] { numbers[part] ?? [] }

    /// Whether a store path's hash part may stand at `start`, which 32 digits follow; it mostly does if this is true.
    public func mayContain(_ bytes: borrowing Span<UInt8>, at start: Int) -> Bool {
        isBeginning[Self.filterIndex(bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3])]
    }

    private static func filterIndex(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) -> Int {
        let prefix = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
        // Multiplied by the golden ratio, so that all bits decide.
        return Int((prefix &* 0x9E37_79B9) >> UInt32(32 - filterBits))
    }
}
