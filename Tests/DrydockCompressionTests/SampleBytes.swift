// SPDX-License-Identifier: Apache-2.0

/// Bytes to compress, the same for the same seed on every machine.
enum SampleBytes {
    /// Half a byte of information in each byte: compresses to about half.
    static func dense(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        var words = [UInt64](repeating: 0, count: (count + 7) / 8)
        for index in words.indices { words[index] = generator.next() & 0x0F0F_0F0F_0F0F_0F0F }
        // Little-endian by definition, so that golden values hold everywhere.
        for index in words.indices { words[index] = words[index].littleEndian }
        return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
    }

    /// Bytes without any regularity: cannot be compressed.
    static func random(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    /// Words and lines: compresses well.
    static func text(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        let words = "layer digest of the image and its manifest\nconfiguration at ".split(separator: " ").map {
            Array(($0 + " ").utf8)
        }
        var generator = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += words[Int(generator.next() % UInt64(words.count))] }
        return Array(bytes.prefix(count))
    }
}

/// Sebastiano Vigna's generator, whose sequence is fixed by its seed.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
