// SPDX-License-Identifier: Apache-2.0

/// The steps of `StableLayering`, with what they share.
struct StablePlan {
    private let graph: ReferenceGraph
    private let units: ChangeUnits
    private let sets: TriggerSets
    private let unitOf: [Int]
    /// The place of each node in the order of the paths.
    private let rank: [Int]

    init(graph: ReferenceGraph, units: ChangeUnits, sets: TriggerSets) {
        self.graph = graph
        self.units = units
        self.sets = sets
        var unitOf = Array(repeating: 0, count: graph.nodes.count)
        for (unit, members) in units.members.enumerated() {
            for node in members { unitOf[node] = unit }
        }
        self.unitOf = unitOf
        rank = units.rank
    }

    func layers(limit: Int, previous: [[String]]) -> [LayerGroup] {
        var kept = PreviousLayers(graph: graph, previous: previous, rank: rank)
        var pool = pool(beside: kept)
        while kept.kept.count + layersNeeded(for: pool) > limit, !kept.kept.isEmpty {
            kept.giveUpSmallest()
            pool = self.pool(beside: kept)
        }
        let candidates = MergeCandidates(items: pool, limit: limit - kept.kept.count, sets: sets)
        let merged = CoupledMerging.merged(
            candidates.groups,
            to: limit - kept.kept.count,
            sets: sets
        )
        return stacked(kept, merged)
    }

    /// The units with nodes that are in no layer that stays, ascending.
    private func pool(beside kept: PreviousLayers) -> [MergeCandidates.Item] {
        units.members.enumerated().compactMap { unit, members in
            let nodes = members.filter { !kept.isKept[$0] }
            guard !nodes.isEmpty else { return nil }
            return MergeCandidates.Item(
                unit: unit,
                size: nodes.reduce(0) { $0 + Double(graph.nodes[$1].size) }
            )
        }
    }

    /// One for volatile units and one for others, if there are any.
    private func layersNeeded(for pool: [MergeCandidates.Item]) -> Int {
        let volatile = pool.count { sets.model.kinds[$0.unit].isVolatile }
        return (volatile > 0 ? 1 : 0) + (volatile < pool.count ? 1 : 0)
    }

    /// The layers that stay and the new ones of ordinary units; above them the volatile ones that stay and the new ones.
    private func stacked(_ previous: PreviousLayers, _ merged: CoupledMerging.Groups) -> [LayerGroup] {
        let volatileKept = previous.kept.reversed().prefix { layer in
            layer.nodes.allSatisfy { sets.model.kinds[unitOf[$0]].isVolatile }
        }
        var layers: [LayerGroup] = []
        var below: [Int] = []
        for (kept, areVolatile) in [(previous.kept.dropLast(volatileKept.count), false), (previous.kept.suffix(volatileKept.count), true)] {
            layers += kept.map { LayerGroup(items: $0.nodes, reason: .kept(previousLayer: $0.index)) }
            below += kept.flatMap { $0.nodes.map { unitOf[$0] } }
            let groups = merged.only(volatile: areVolatile)
            for index in ChainOrder.order(of: groups, above: below, sets: sets) {
                layers.append(layer(of: groups.units[index], isKept: previous.isKept))
                below += groups.units[index]
            }
        }
        return layers
    }

    private func layer(of group: [Int], isKept: [Bool]) -> LayerGroup {
        let items = group.flatMap { units.members[$0] }.filter { !isKept[$0] }.sorted { rank[$0] < rank[$1] }
        let volatile = group.count { sets.model.kinds[$0].isVolatile }
        let reason: LayerGroup.Reason =
            if volatile == group.count { .volatile } else if items.count == 1 { .alone } else if volatile > 0 {
                .remainder
            } else { .changesTogether }
        return LayerGroup(items: items, reason: reason)
    }
}
