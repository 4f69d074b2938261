// SPDX-License-Identifier: Apache-2.0

/// Orders layers for clients that address a layer by its chain: all layers above the first one that changed are fetched again.
///
/// What an order costs is the sum over the layers of their bytes times the probability that an update changes the layer or
/// one below it. A layer whose units are among those of the layers below it adds nothing to that probability, so it can
/// follow them for free; the next layer is always the one that adds the least for its bytes, and neighbours that cost less
/// the other way round are exchanged.
struct ChainOrder {
    private let model: ChangeModel
    private let kindOfWord: [Int]
    private let width: Int
    private let rows: [UInt64]
    private let sizes: [Double]

    /// Passes over all neighbours; a third one changes nothing that matters.
    private static let exchangePasses = 2

    /// The order in which the groups lie above what is `below` them already.
    static func order(
        of groups: CoupledMerging.Groups,
        above below: [Int],
        sets: TriggerSets,
        model: ChangeModel
    ) -> [Int] {
        guard groups.units.count > 1 else { return Array(groups.units.indices) }
        let chain = ChainOrder(
            model: model,
            kindOfWord: sets.kindOfWord,
            width: sets.width,
            rows: sets.rows(of: groups.units + [below]),
            sizes: groups.sizes.map { $0 + CoupledMerging.bytesPerLayer }
        )
        return chain.exchanged(chain.greedy())
    }

    private func greedy() -> [Int] {
        var order: [Int] = []
        var rest = Array(sizes.indices)
        var below = row(sizes.count)
        var current = probability(below)
        while !rest.isEmpty {
            var best = 0
            var least = Double.infinity
            for (place, group) in rest.enumerated() {
                // The small constant sends the largest first of those that add nothing.
                let added = (probability(union(below, group)) - current + 1e-9) / sizes[group]
                if added < least {
                    least = added
                    best = place
                }
            }
            let group = rest.remove(at: best)
            order.append(group)
            below = union(below, group)
            current = probability(below)
        }
        return order
    }

    private func exchanged(_ order: [Int]) -> [Int] {
        var order = order
        for _ in 0..<Self.exchangePasses {
            var below = row(sizes.count)
            for place in 0..<(order.count - 1) {
                let (first, second) = (order[place], order[place + 1])
                let both = probability(union(union(below, first), second))
                let asIs = sizes[first] * probability(union(below, first)) + sizes[second] * both
                let exchanged = sizes[second] * probability(union(below, second)) + sizes[first] * both
                if exchanged < asIs - 1e-6 { order.swapAt(place, place + 1) }
                below = union(below, order[place])
            }
        }
        return order
    }

    private func row(_ group: Int) -> [UInt64] { Array(rows[(group * width)..<((group + 1) * width)]) }

    private func union(_ row: [UInt64], _ group: Int) -> [UInt64] {
        var union = row
        for word in 0..<width { union[word] |= rows[group * width + word] }
        return union
    }

    private func probability(_ row: [UInt64]) -> Double {
        var counts = ChangeModel.Counts()
        for word in 0..<width { counts[kindOfWord[word]] &+= row[word].nonzeroBitCount }
        return model.probability(counts)
    }
}
