// SPDX-License-Identifier: Apache-2.0

/// What merging begins with: the units that must be put into layers, the small ones of a large graph in bins.
///
/// Merging compares all pairs. The largest units keep a place of their own; the tail, which has few of the bytes, is cut into
/// bins along the probability of being changed, so that a bin's units are about equally volatile.
struct MergeCandidates {
    /// One unit's part in the pool: some of its nodes may be in layers that stay.
    struct Item {
        /// The unit.
        let unit: Int
        /// The bytes of its nodes in the pool.
        let size: Double
    }

    /// The largest units keep a place of their own, this many of them or as many as there are layers.
    private static let singles = 400
    private static let mostSingles = 1000
    /// The bins for all others.
    private static let bins = 100

    /// The units, alone or in bins.
    let groups: CoupledMerging.Groups

    /// The candidates for a number of layers.
    init(items: [Item], limit: Int, sets: TriggerSets) {
        let singles = min(max(Self.singles, limit), Self.mostSingles)
        guard items.count > singles + Self.bins else {
            groups = Self.groups(of: items.map { [$0] }, model: sets.model)
            return
        }
        let bySize = items.sorted { $0.size != $1.size ? $0.size > $1.size : $0.unit < $1.unit }
        let tail = Array(bySize[singles...])
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
        let perBin = (tail.count + Self.bins - 1) / Self.bins
        var bins: [[Item]] = []
        for (place, index) in order.enumerated() {
            let beginsVolatile = place > 0 && keys[index].isVolatile && !keys[order[place - 1]].isVolatile
            if bins.isEmpty || beginsVolatile || bins[bins.count - 1].count == perBin { bins.append([]) }
            bins[bins.count - 1].append(tail[index])
        }
        groups = Self.groups(of: bySize[..<singles].sorted { $0.unit < $1.unit }.map { [$0] } + bins, model: sets.model)
    }

    private static func groups(of parts: [[Item]], model: ChangeModel) -> CoupledMerging.Groups {
        CoupledMerging.Groups(
            units: parts.map { $0.map(\.unit) },
            sizes: parts.map { $0.reduce(0) { $0 + $1.size } },
            areVolatile: parts.map { $0.allSatisfy { model.kinds[$0.unit].isVolatile } }
        )
    }
}
