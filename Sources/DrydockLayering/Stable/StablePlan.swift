// SPDX-License-Identifier: Apache-2.0

/// The steps of ``StableLayering``, with what they share.
struct StablePlan {
    private let graph: ReferenceGraph
    private let units: ChangeUnits
    private let sets: TriggerSets
    private let unitOf: [Int]

    /// A plan for a graph with items.
    init(graph: ReferenceGraph) {
        self.graph = graph
        units = ChangeUnits(graph: graph)
        sets = TriggerSets(units: units, model: ChangeModel(graph: graph, units: units))
        var unitOf = Array(repeating: 0, count: graph.nodes.count)
        for (unit, members) in units.members.enumerated() {
            for node in members { unitOf[node] = unit }
        }
        self.unitOf = unitOf
    }

    /// The layers, the lowest first.
    func layers(limit: Int, previous: [[String]]) -> [LayerGroup] {
        var previous = PreviousLayers(graph: graph, previous: previous, rank: units.rank)
        var pool = pool(beside: previous)
        while previous.kept.count + layersNeeded(for: pool) > limit, !previous.kept.isEmpty {
            previous.giveUpSmallest()
            pool = self.pool(beside: previous)
        }
        let left = limit - previous.kept.count
        let candidates = MergeCandidates(items: pool, limit: left, sets: sets)
        return stacked(previous, CoupledMerging.merged(candidates.groups, to: left, sets: sets))
    }

    /// The units with nodes that are in no layer that stays, ascending.
    private func pool(beside previous: PreviousLayers) -> [MergeCandidates.Item] {
        units.members.enumerated().compactMap { unit, members in
            let nodes = members.filter { !previous.isKept[$0] }
            guard !nodes.isEmpty else { return nil }
            return MergeCandidates.Item(unit: unit, size: nodes.reduce(0) { $0 + Double(graph.nodes[$1].size) })
        }
    }

    /// One for volatile units and one for others, if there are any.
    private func layersNeeded(for pool: [MergeCandidates.Item]) -> Int {
        let volatile = pool.count { isVolatile($0.unit) }
        return (volatile > 0 ? 1 : 0) + (volatile < pool.count ? 1 : 0)
    }

    private func isVolatile(_ unit: Int) -> Bool { sets.model.kinds[unit].isVolatile }

    /// The layers that stay and the new ones of ordinary units; above them the volatile ones that stay and the new ones.
    private func stacked(_ previous: PreviousLayers, _ merged: CoupledMerging.Groups) -> [LayerGroup] {
        let volatileCount = previous.kept.reversed().prefix { layer in
            layer.nodes.allSatisfy { isVolatile(unitOf[$0]) }
        }.count
        var layers: [LayerGroup] = []
        var below: [Int] = []
        for (kept, areVolatile) in [
            (previous.kept.dropLast(volatileCount), false), (previous.kept.suffix(volatileCount), true),
        ] {
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
        let items = group.flatMap { units.members[$0] }.filter { !isKept[$0] }
            .sorted { units.rank[$0] < units.rank[$1] }
        return LayerGroup(items: items, reason: reason(for: group, count: items.count))
    }

    private func reason(for group: [Int], count: Int) -> LayerGroup.Reason {
        let volatile = group.count(where: isVolatile)
        if volatile == group.count { return .volatile }
        if volatile > 0 { return .remainder }
        return count == 1 ? .alone : .changesTogether
    }
}
