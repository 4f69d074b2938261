// SPDX-License-Identifier: Apache-2.0

/// For each vertex the sum of the weights of all vertices that reach it, itself included.
///
/// *Input.* A graph without circles whose edges lead from lower to higher numbers, and some weights for each vertex, below
/// 2³² each.
///
/// *Steps.* For 64 vertices at a time one bit says which of them reaches a vertex. The bits of a vertex are those of its
/// referrers together, so one pass upwards from the 64 finds them, and visits only what they reach. A vertex's sum grows by the
/// weights of its bits; these are looked up by the byte in tables made for the 64.
///
/// *Cost.* (V / 64) · (V + E) at most, and memory in proportion to V. A set of ancestors per vertex would take V² bits.
///
/// *Example.* Edges 0→1, 0→2, 1→3, 2→3 and weights 1, 1, 1, 2: the sums are 1, 2, 2, 5.
struct AncestorSums {
    private static let width = UInt64.bitWidth
    private static let bytes = width / 8

    private let edges: Adjacency
    /// The bits of the 64 that reach each vertex; all zero between two runs.
    private var masks: [UInt64]
    /// One bit for each vertex that the run has yet to visit.
    private var pending: [UInt64]

    private init(_ edges: Adjacency) {
        self.edges = edges
        masks = Array(repeating: 0, count: edges.count)
        pending = Array(repeating: 0, count: edges.count / AncestorSums.width + 1)
    }

    /// The sums of each row of weights.
    static func sums(of weights: [[UInt64]], along edges: Adjacency) -> [[UInt64]] {
        var walk = AncestorSums(edges)
        var sums = weights.map { Array(repeating: UInt64(0), count: $0.count) }
        for first in stride(from: 0, to: edges.count, by: width) {
            let reached = walk.spread(from: first..<min(first + width, edges.count))
            for row in weights.indices {
                let table = table(of: weights[row][first..<min(first + width, edges.count)])
                for (vertex, mask) in reached { sums[row][vertex] += look(up: mask, in: table) }
            }
        }
        return sums
    }

    /// The vertices that some, at the start of a word, reach, ascending, with the bits of those that reach them.
    private mutating func spread(from block: Range<Int>) -> [(vertex: Int, mask: UInt64)] {
        for vertex in block { mark(vertex, with: 1 << UInt64(vertex - block.lowerBound)) }
        var reached: [(vertex: Int, mask: UInt64)] = []
        for word in (block.lowerBound / AncestorSums.width)..<pending.count {
            // Edges lead upwards, so nothing below the lowest pending vertex will be marked any more.
            while pending[word] != 0 {
                let vertex = word * AncestorSums.width + pending[word].trailingZeroBitCount
                pending[word] &= pending[word] - 1
                let mask = masks[vertex]
                masks[vertex] = 0
                reached.append((vertex, mask))
                for target in edges[vertex] { mark(target, with: mask) }
            }
        }
        return reached
    }

    private mutating func mark(_ vertex: Int, with mask: UInt64) {
        masks[vertex] |= mask
        pending[vertex / AncestorSums.width] |= 1 << UInt64(vertex % AncestorSums.width)
    }

    /// For each byte of a mask and each value of the byte the sum of the weights of its bits.
    private static func table(of weights: ArraySlice<UInt64>) -> [UInt64] {
        var table = Array(repeating: UInt64(0), count: bytes * 256)
        for byte in 0..<bytes {
            for value in 1..<256 {
                let bit = weights.startIndex + byte * 8 + value.trailingZeroBitCount
                let weight = bit < weights.endIndex ? weights[bit] : 0
                table[byte * 256 + value] = table[byte * 256 + (value & (value - 1))] + weight
            }
        }
        return table
    }

    private static func look(up mask: UInt64, in table: [UInt64]) -> UInt64 {
        var (sum, rest, base): (UInt64, UInt64, Int) = (0, mask, 0)
        while rest != 0 {
            sum += table[base + Int(rest & 0xFF)]
            rest >>= 8
            base += 256
        }
        return sum
    }
}
