// SPDX-License-Identifier: Apache-2.0

/// Orders layers for clients that address a layer by its chain: all layers above the first one that changed are fetched again.
///
/// What an order costs is the sum over the layers of their bytes times the probability that an update changes the layer or
/// one below it. A layer whose units are among those of the layers below it adds nothing to that probability, so it can
/// follow them for free; the next layer is always the one that adds the least for its bytes, and neighbours that cost less
/// the other way round are exchanged.
struct ChainOrder {
    private let sizes: [Double]
    /// What changes each group, what changes the layers below all of them, and two rows to work in.
    private var rows: TriggerRows
    private var below: Int { sizes.count }
    private var accumulated: Int { sizes.count + 1 }
    private var trial: Int { sizes.count + 2 }

    /// Passes over all neighbours; a third one changes nothing that matters.
    private static let exchangePasses = 2

    private init(groups: CoupledMerging.Groups, below: [Int], sets: TriggerSets) {
        sizes = groups.sizes.map { $0 + CoupledMerging.bytesPerLayer }
        rows = sets.rows(of: groups.units + [below, [], []])
    }

    /// The order in which groups lie best above the units that are below all of them.
    static func order(of groups: CoupledMerging.Groups, above below: [Int], sets: TriggerSets) -> [Int] {
        guard groups.units.count > 1 else { return Array(groups.units.indices) }
        var chain = ChainOrder(groups: groups, below: below, sets: sets)
        var order = chain.greedy()
        for _ in 0..<exchangePasses { chain.exchangeNeighbours(in: &order) }
        return order
    }

    private mutating func greedy() -> [Int] {
        var order: [Int] = []
        var rest = Array(sizes.indices)
        rows.copy(below, to: accumulated)
        while !rest.isEmpty {
            let current = rows.probability(of: accumulated)
            var best = 0
            var least = Double.infinity
            for (place, group) in rest.enumerated() {
                // The small constant sends the largest first of those that add nothing.
                let added = (rows.probability(of: accumulated, or: group) - current + 1e-9) / sizes[group]
                if added < least {
                    least = added
                    best = place
                }
            }
            let group = rest.remove(at: best)
            order.append(group)
            rows.formUnion(accumulated, with: group)
        }
        return order
    }

    private mutating func exchangeNeighbours(in order: inout [Int]) {
        rows.copy(below, to: accumulated)
        for place in 0..<(order.count - 1) {
            let first = order[place]
            let second = order[place + 1]
            rows.copy(accumulated, to: trial)
            rows.formUnion(trial, with: first)
            let both = rows.probability(of: trial, or: second)
            let asIs = sizes[first] * rows.probability(of: trial) + sizes[second] * both
            let exchanged = sizes[second] * rows.probability(of: accumulated, or: second) + sizes[first] * both
            if exchanged < asIs - 1e-6 { order.swapAt(place, place + 1) }
            rows.formUnion(accumulated, with: order[place])
        }
    }
}
