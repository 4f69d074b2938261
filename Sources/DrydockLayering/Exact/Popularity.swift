// SPDX-License-Identifier: Apache-2.0

/// The popularity of each vertex of a graph, as ``PopularityLayering`` defines it.
struct Popularity {
    /// The score of each vertex.
    let scores: [PopularityScore]

    /// A digit in base 2³² in 64 bits, so that 2³² of them can be added before a carry is due.
    private static let digitWidth: UInt64 = 32
    private static let digitMask: UInt64 = 0xFFFF_FFFF

    /// The additions that one contest may cost: some ten seconds.
    ///
    /// Scores need as many bits as there are diamonds one after the other. Up to 20,000 vertices the bound is never met; with 100,000
    /// it allows scores of 850 bits, while those of real closures take less than 40.
    private static let workLimit = 1 << 32

    /// Counts the popularity of each vertex; nil if that would take too long because the scores have too many digits.
    init?(in graph: Adjacency) {
        let components = Components(of: graph)
        guard components.count > 0 else {
            scores = []
            return
        }
        // Numbered from the top: an edge leads to a lower component, so to a higher number here.
        let top = components.count - 1
        let edges = Adjacency((0...top).map { number in components.edges[top - number].map { top - $0 } })
        guard let ways = Popularity.ways(in: edges) else { return nil }
        let sums = AncestorSums.sums(of: ways, along: edges)
        let byNumber = (0...top).map { number in Popularity.score(sums.map { $0[number] }) }
        scores = components.numbers.map { byNumber[top - $0] }
    }

    /// The number of ways from a root to each vertex, in rows of digits, the lowest digits first.
    private static func ways(in edges: Adjacency) -> [[UInt64]]? {
        var rows = [Array(repeating: UInt64(0), count: edges.count)]
        var isReferred = Array(repeating: false, count: edges.count)
        let blocks = edges.count / UInt64.bitWidth + 1
        for vertex in 0..<edges.count {
            if !isReferred[vertex] { rows[0][vertex] = 1 }
            carry(at: vertex, in: &rows)
            guard rows.count <= workLimit / edges.count / blocks else { return nil }
            for target in edges[vertex] {
                isReferred[target] = true
                for row in rows.indices { rows[row][target] += rows[row][vertex] }
            }
        }
        return rows
    }

    /// Brings the digits of a number below the base.
    private static func carry(at vertex: Int, in rows: inout [[UInt64]]) {
        var carry: UInt64 = 0
        for row in rows.indices {
            let digit = rows[row][vertex] + carry
            rows[row][vertex] = digit & digitMask
            carry = digit >> digitWidth
        }
        guard carry > 0 else { return }
        var row = Array(repeating: UInt64(0), count: rows[0].count)
        row[vertex] = carry
        rows.append(row)
    }

    /// The score with these digits in base 2³², each of which may still exceed the base.
    private static func score(_ digits: [UInt64]) -> PopularityScore {
        var (result, carry): ([UInt64], UInt64) = ([], 0)
        for (position, digit) in (digits + [0, 0]).enumerated() {
            // A digit is at most 2³² · 2³², less the two bits that no graph in memory needs.
            let sum = digit + carry
            carry = sum >> digitWidth
            if position.isMultiple(of: 2) {
                result.append(sum & digitMask)
            } else {
                result[result.count - 1] |= (sum & digitMask) << digitWidth
            }
        }
        return PopularityScore(digits: result)
    }

    /// The vertices by descending score, of equal scores by ascending rank.
    func order(ranks: [Int]) -> [Int] {
        scores.indices.sorted { first, second in
            scores[first] == scores[second] ? ranks[first] < ranks[second] : scores[second] < scores[first]
        }
    }
}
