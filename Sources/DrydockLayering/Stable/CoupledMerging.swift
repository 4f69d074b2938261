// SPDX-License-Identifier: Apache-2.0

/// Merges groups of units, always the two whose union costs least, until they fit the number of layers.
///
/// A layer costs its bytes and a constant for the requests that it takes, times the probability that an update changes it.
/// What two groups cost together depends on what changes *either*: groups that change together are free to merge, however
/// volatile they are, and a group that merges with a root's is sent with every build, however stable it was.
///
/// Two groups with a root each stay apart even where merging them would cost less, as long as there is room: a package that
/// somebody wanted by name is replaced by name, and must not take another one along. There is room if each group fits without
/// that, or if the groups with roots are no more than half of the layers.
struct CoupledMerging {
    /// What a new layer costs beside its bytes: about a round trip's worth of bytes for its requests and its manifest entry.
    static let bytesPerLayer = 65_536.0

    /// Groups before or after merging; all arrays are parallel.
    struct Groups {
        /// The units of each group.
        var units: [[Int]]
        /// The bytes of each group.
        var sizes: [Double]
        /// Whether a group's units are volatile; a group is never both as long as there are layers for two.
        var areVolatile: [Bool]
        /// Whether a group has a root.
        var haveRoots: [Bool]

        /// The groups that are volatile, or those that are not.
        func only(volatile: Bool) -> Groups {
            at(units.indices.filter { areVolatile[$0] == volatile })
        }

        /// The groups at these positions.
        fileprivate func at(_ chosen: [Int]) -> Groups {
            Groups(
                units: chosen.map { units[$0] },
                sizes: chosen.map { sizes[$0] },
                areVolatile: chosen.map { areVolatile[$0] },
                haveRoots: chosen.map { haveRoots[$0] }
            )
        }
    }

    private var groups: Groups
    private var rows: TriggerRows
    private var costs: [Double]
    private var isAlive: [Bool]
    private var aliveCount: Int
    /// The groups with roots that are left.
    private var rootCount: Int
    /// Whether two groups with a root each may be merged.
    private var mergesRoots = false
    /// What it costs to merge two groups, infinite if they must not.
    private var deltas: [Double]
    /// The group with which each is merged at the least cost, −1 if there is none.
    private var nearest: [Int]

    private init(groups: Groups, sets: TriggerSets) {
        let count = groups.units.count
        self.groups = groups
        rows = sets.rows(of: groups.units)
        isAlive = Array(repeating: true, count: count)
        aliveCount = count
        rootCount = groups.haveRoots.count(where: \.self)
        costs = Array(repeating: 0, count: count)
        deltas = Array(repeating: .infinity, count: count * count)
        nearest = Array(repeating: -1, count: count)
    }

    /// How many of so many layers roots have for themselves at least, if there are so many roots.
    static func layersForRoots(of limit: Int) -> Int { (limit + 1) / 2 }

    /// At most so many groups; fewer if that costs less.
    static func merged(_ groups: Groups, to limit: Int, sets: TriggerSets) -> Groups {
        if limit <= 1, groups.units.count > 1 {
            return Groups(
                units: [groups.units.flatMap(\.self)],
                sizes: [groups.sizes.reduce(0, +)],
                areVolatile: [groups.areVolatile.allSatisfy(\.self)],
                haveRoots: [groups.haveRoots.contains(true)]
            )
        }
        var merging = CoupledMerging(groups: groups, sets: sets)
        merging.run(to: limit)
        return merging.result
    }

    private var result: Groups { groups.at(groups.units.indices.filter { isAlive[$0] }) }

    private mutating func run(to limit: Int) {
        for group in isAlive.indices { updateCost(of: group) }
        let reserved = Self.layersForRoots(of: limit)
        allowMergingRoots(rootCount > reserved && aliveCount > limit)
        while mergesRoots, let (group, other) = cheapestMerge() {
            merge(group, other)
            if rootCount <= reserved || aliveCount <= limit { allowMergingRoots(false) }
        }
        while let (group, other) = cheapestMerge(), aliveCount > limit || delta(group, other) < 0 {
            merge(group, other)
        }
        guard aliveCount > limit else { return }
        allowMergingRoots(true)
        while aliveCount > limit, let (group, other) = cheapestMerge() { merge(group, other) }
    }

    /// Decides anew which groups may be merged, and at what cost.
    private mutating func allowMergingRoots(_ isAllowed: Bool) {
        mergesRoots = isAllowed
        let alive = isAlive.indices.filter { isAlive[$0] }
        for group in alive {
            for other in alive.prefix(while: { $0 < group }) { update(group, other) }
        }
        for group in alive { findNearest(of: group) }
    }

    private func delta(_ group: Int, _ other: Int) -> Double { deltas[group * isAlive.count + other] }

    private mutating func update(_ group: Int, _ other: Int) {
        guard groups.areVolatile[group] == groups.areVolatile[other] else { return }
        var delta = Double.infinity
        if mergesRoots || !groups.haveRoots[group] || !groups.haveRoots[other] {
            let size = groups.sizes[group] + groups.sizes[other] + Self.bytesPerLayer
            delta = size * rows.probability(of: group, or: other) - (costs[group] + costs[other])
        }
        deltas[group * isAlive.count + other] = delta
        deltas[other * isAlive.count + group] = delta
    }

    private mutating func updateCost(of group: Int) {
        costs[group] = (groups.sizes[group] + Self.bytesPerLayer) * rows.probability(of: group)
    }

    private mutating func findNearest(of group: Int) {
        var best = -1
        var least = Double.infinity
        let start = group * isAlive.count
        for other in isAlive.indices where isAlive[other] && deltas[start + other] < least {
            least = deltas[start + other]
            best = other
        }
        nearest[group] = best
    }

    /// The two groups whose merging adds least to the cost; of equals those with the lowest numbers.
    private func cheapestMerge() -> (Int, Int)? {
        var best: (Int, Int)?
        var least = Double.infinity
        for group in isAlive.indices where isAlive[group] && nearest[group] >= 0 {
            let delta = delta(group, nearest[group])
            if delta < least {
                least = delta
                best = (group, nearest[group])
            }
        }
        return best
    }

    /// Merges two groups; the one with the lower number has the units of both.
    private mutating func merge(_ first: Int, _ second: Int) {
        let (group, other) = (min(first, second), max(first, second))
        if groups.haveRoots[group] && groups.haveRoots[other] { rootCount -= 1 }
        groups.haveRoots[group] = groups.haveRoots[group] || groups.haveRoots[other]
        groups.units[group] += groups.units[other]
        groups.sizes[group] += groups.sizes[other]
        rows.formUnion(group, with: other)
        updateCost(of: group)
        isAlive[other] = false
        aliveCount -= 1
        for third in isAlive.indices where isAlive[third] && third != group { update(group, third) }
        findNearest(of: group)
        for third in isAlive.indices where isAlive[third] && third != group {
            if nearest[third] == group || nearest[third] == other {
                findNearest(of: third)
            } else if nearest[third] < 0 || delta(third, group) < delta(third, nearest[third]) {
                if delta(third, group) < .infinity { nearest[third] = group }
            }
        }
    }
}
