// SPDX-License-Identifier: Apache-2.0

/// The state of ``SizeFirstLayering``: for each vertex of a graph without circles the set of its owners.
struct Ownership {
    /// Vertices with the same owners.
    struct Class {
        /// The owners, ascending.
        var owners: [Int]
        /// The vertices, ascending.
        var members: [Int]
    }

    private let edges: Adjacency
    private let referrers: Adjacency
    private var below: Adjacency.Search
    private var above: Adjacency.Search
    /// Every set of owners that has occurred, ascending; the position is the set's number.
    private var sets: [[Int]] = [[]]
    private var numbers: [[Int]: Int] = [[]: 0]
    /// The number of the set of each vertex.
    private var owners: [Int]
    /// How many vertices have each set.
    private var uses: [Int]
    /// How many sets are used.
    private var distinct: Int

    /// The state in which no vertex has an owner.
    init(_ edges: Adjacency) {
        self.edges = edges
        referrers = edges.reversed()
        below = Adjacency.Search(count: edges.count)
        above = below
        owners = Array(repeating: 0, count: edges.count)
        uses = [edges.count]
        distinct = edges.count > 0 ? 1 : 0
    }

    /// Makes a vertex an owner, unless more sets than allowed would be in use; then nothing changes.
    ///
    /// - Returns: Whether it was done.
    mutating func take(_ vertex: Int, limit: Int) -> Bool {
        let reached = below.run(in: edges, from: [vertex])
        _ = above.run(in: referrers, from: [vertex])
        // What happens to a vertex depends only on the set that it has, so each set is looked at once.
        var successors: [Int: Int] = [:]
        var former: [(vertex: Int, set: Int)] = []
        for target in reached {
            let old = owners[target]
            let new =
                if target == vertex { number(of: [vertex]) } else if let known = successors[old] { known } else {
                    number(of: successor(of: sets[old], taking: vertex))
                }
            if target != vertex { successors[old] = new }
            guard new != old else { continue }
            former.append((target, old))
            give(new, to: target)
        }
        guard distinct > limit else { return true }
        for (target, set) in former { give(set, to: target) }
        return false
    }

    /// The owners of a vertex below one that is taken, given those that it has.
    private func successor(of set: [Int], taking vertex: Int) -> [Int] {
        var kept = set.filter { !above.hasVisited($0) }
        if !kept.contains(where: below.hasVisited) { kept.append(vertex) }
        return kept.sorted()
    }

    private mutating func number(of set: [Int]) -> Int {
        if let number = numbers[set] { return number }
        numbers[set] = sets.count
        sets.append(set)
        uses.append(0)
        return sets.count - 1
    }

    private mutating func give(_ set: Int, to vertex: Int) {
        uses[owners[vertex]] -= 1
        if uses[owners[vertex]] == 0 { distinct -= 1 }
        uses[set] += 1
        if uses[set] == 1 { distinct += 1 }
        owners[vertex] = set
    }

    /// The vertices by their owners, in the order of each class's first vertex.
    func classes() -> [Class] {
        var positions: [Int: Int] = [:]
        var classes: [Class] = []
        for (vertex, set) in owners.enumerated() {
            if let position = positions[set] {
                classes[position].members.append(vertex)
            } else {
                positions[set] = classes.count
                classes.append(Class(owners: sets[set], members: [vertex]))
            }
        }
        return classes
    }
}
