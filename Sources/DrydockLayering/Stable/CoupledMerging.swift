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
    /// How likely an update changes each group.
    private var probabilities: [Double]
    private var costs: [Double]
    /// The groups that are left, in order.
    private var alive: [Int]
    /// The groups with roots that are left.
    private var rootCount: Int
    /// Whether two groups with a root each may be merged.
    private var mergesRoots = false
    /// What it costs to merge two groups, infinite if they must not; not a number until somebody asks.
    private var deltas: [Double]
    /// The group with which each is merged at the least cost, −1 if there is none.
    private var nearest: [Int]
    /// What that costs; for a group whose nearest one has changed since, what the new nearest costs at least.
    private var least: [Double]
    /// Whether a group's nearest one has to be found anew.
    private var isStale: [Bool]

    private init(groups: Groups, sets: TriggerSets) {
        let count = groups.units.count
        self.groups = groups
        rows = sets.rows(of: groups.units)
        alive = Array(0..<count)
        rootCount = groups.haveRoots.count(where: \.self)
        probabilities = Array(repeating: 0, count: count)
        costs = Array(repeating: 0, count: count)
        deltas = Array(repeating: .nan, count: count * count)
        nearest = Array(repeating: -1, count: count)
        least = Array(repeating: .infinity, count: count)
        isStale = Array(repeating: false, count: count)
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

    private var result: Groups { groups.at(alive) }

    private mutating func run(to limit: Int) {
        for group in alive { updateCost(of: group) }
        let reserved = Self.layersForRoots(of: limit)
        allowMergingRoots(rootCount > reserved && alive.count > limit)
        while mergesRoots, let (group, other) = cheapestMerge() {
            merge(group, other)
            if rootCount <= reserved || alive.count <= limit { allowMergingRoots(false) }
        }
        while let (group, other) = cheapestMerge(), alive.count > limit || least[group] < 0 {
            merge(group, other)
        }
        guard alive.count > limit else { return }
        allowMergingRoots(true)
        while alive.count > limit, let (group, other) = cheapestMerge() { merge(group, other) }
    }

    /// Decides anew whether groups with roots may be merged.
    private mutating func allowMergingRoots(_ isAllowed: Bool) {
        mergesRoots = isAllowed
        let rooted = alive.filter { groups.haveRoots[$0] }
        for group in rooted {
            for other in rooted { deltas[place(group, other)] = .nan }
        }
        for group in alive { findNearest(of: group) }
    }

    private func place(_ group: Int, _ other: Int) -> Int { group * groups.units.count + other }

    /// What it costs to merge two groups if the union changes with the given probability.
    private func delta(_ group: Int, _ other: Int, at probability: Double) -> Double {
        let size = groups.sizes[group] + groups.sizes[other] + Self.bytesPerLayer
        return size * probability - (costs[group] + costs[other])
    }

    /// What merging two groups costs at least: their union changes no less often than either.
    ///
    /// Sums, products and the tables behind them are monotonic with rounding, too, so that nothing is passed over whose exact
    /// cost would be less.
    private func bound(_ group: Int, _ other: Int) -> Double {
        guard groups.areVolatile[group] == groups.areVolatile[other],
            mergesRoots || !groups.haveRoots[group] || !groups.haveRoots[other]
        else { return .infinity }
        return delta(group, other, at: max(probabilities[group], probabilities[other]))
    }

    /// What it costs to merge two groups that may be merged.
    private mutating func delta(_ group: Int, _ other: Int) -> Double {
        let known = deltas[place(group, other)]
        guard known.isNaN else { return known }
        let delta = delta(group, other, at: rows.probability(of: group, or: other))
        deltas[place(group, other)] = delta
        deltas[place(other, group)] = delta
        return delta
    }

    private mutating func updateCost(of group: Int) {
        probabilities[group] = rows.probability(of: group)
        costs[group] = (groups.sizes[group] + Self.bytesPerLayer) * probabilities[group]
    }

    private mutating func findNearest(of group: Int) {
        (nearest[group], least[group], isStale[group]) = (-1, .infinity, false)
        for other in alive where other != group { compareNearest(of: group, with: other) }
    }

    /// Takes a group for the nearest one if it is nearer.
    private mutating func compareNearest(of group: Int, with other: Int) {
        guard bound(group, other) < least[group] else { return }
        let delta = delta(group, other)
        if delta < least[group] { (nearest[group], least[group]) = (other, delta) }
    }

    /// The two groups whose merging adds least to the cost; of equals those with the lowest numbers.
    ///
    /// A nearest group is only found anew where it can be the answer: for most it changes several times before.
    private mutating func cheapestMerge() -> (Int, Int)? {
        while true {
            var best: Int?
            var value = Double.infinity
            for group in alive where least[group] < value { (best, value) = (group, least[group]) }
            guard let best else { return nil }
            guard isStale[best] else { return (best, nearest[best]) }
            findNearest(of: best)
        }
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
        alive.removeAll { $0 == other }
        for third in alive where third != group {
            deltas[place(group, third)] = .nan
            deltas[place(third, group)] = .nan
            if isStale[third] || nearest[third] == group || nearest[third] == other {
                isStale[third] = true
                least[third] = min(least[third], bound(third, group))
            } else {
                compareNearest(of: third, with: group)
            }
        }
        findNearest(of: group)
    }
}
