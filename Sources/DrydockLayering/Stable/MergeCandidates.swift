// SPDX-License-Identifier: Apache-2.0

/// What merging begins with: the units that must be put into layers, the small ones of a large graph in bins.
///
/// Merging compares all pairs. Roots and the largest units keep a place of their own; the tail, which has few of the bytes, is
/// cut into bins along the probability of being changed, so that a bin's units are about equally volatile.
struct MergeCandidates {
    /// One unit's part in the pool: some of its nodes may be in layers that stay.
    struct Item {
        /// The unit.
        let unit: Int
        /// The bytes of its nodes in the pool.
        let size: Double
    }

    /// Roots and the largest units keep a place of their own, this many of them or as many as there are layers.
    private static let singles = 400
    private static let mostSingles = 1000
    /// The bins for all others.
    private static let binCount = 100

    /// The units, alone or in bins.
    let groups: CoupledMerging.Groups

    /// The candidates for a number of layers.
    init(items: [Item], limit: Int, sets: TriggerSets) {
        let singles = min(max(Self.singles, limit), Self.mostSingles)
        guard items.count > singles + Self.binCount else {
            groups = Self.groups(of: items.map { [$0] }, sets)
            return
        }
        let order = Self.inOrder(items, limit: limit, sets)
        let bins = Self.bins(of: Array(order[singles...]), sets)
        groups = Self.groups(of: order[..<singles].sorted { $0.unit < $1.unit }.map { [$0] } + bins, sets)
    }

    /// Roots first, if there are layers for all of them; then the largest.
    private static func inOrder(_ items: [Item], limit: Int, _ sets: TriggerSets) -> [Item] {
        let haveRoots = sets.units.haveRoots
        let areFirst = items.count { haveRoots[$0.unit] } <= CoupledMerging.layersForRoots(of: limit)
        return items.sorted { first, second in
            if areFirst, haveRoots[first.unit] != haveRoots[second.unit] { return haveRoots[first.unit] }
            return first.size != second.size ? first.size > second.size : first.unit < second.unit
        }
    }

    private static func bins(of tail: [Item], _ sets: TriggerSets) -> [[Item]] {
        let probabilities = sets.probabilities(of: tail.map(\.unit))
        let keys = tail.indices.map { index in
            (isVolatile: sets.model.kinds[tail[index].unit].isVolatile, probability: probabilities[index])
        }
        let order = tail.indices.sorted { first, second in
            if keys[first].isVolatile != keys[second].isVolatile { return keys[second].isVolatile }
            if keys[first].probability != keys[second].probability {
                return keys[first].probability < keys[second].probability
            }
            return tail[first].unit < tail[second].unit
        }
        let perBin = (tail.count + binCount - 1) / binCount
        var bins: [[Item]] = []
        for (place, index) in order.enumerated() {
            let beginsVolatile = place > 0 && keys[index].isVolatile && !keys[order[place - 1]].isVolatile
            if bins.isEmpty || beginsVolatile || bins[bins.count - 1].count == perBin { bins.append([]) }
            bins[bins.count - 1].append(tail[index])
        }
        return bins
    }

    private static func groups(of parts: [[Item]], _ sets: TriggerSets) -> CoupledMerging.Groups {
        CoupledMerging.Groups(
            units: parts.map { $0.map(\.unit) },
            sizes: parts.map { $0.reduce(0) { $0 + $1.size } },
            areVolatile: parts.map { $0.allSatisfy { sets.model.kinds[$0.unit].isVolatile } },
            haveRoots: parts.map { $0.contains { sets.units.haveRoots[$0.unit] } }
        )
    }
}
