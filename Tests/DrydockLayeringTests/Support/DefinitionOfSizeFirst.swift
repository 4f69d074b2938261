// SPDX-License-Identifier: Apache-2.0

import DrydockLayering

/// The layers of ``SizeFirstLayering`` straight from its definition, with sets of items and a copy of the state per step.
struct DefinitionOfSizeFirst {
    let graph: ReferenceGraph
    let limit: Int
    private let below: [Set<Int>]
    private let above: [Set<Int>]

    init(graph: ReferenceGraph, limit: Int) {
        self.graph = graph
        self.limit = limit
        let closures = graph.nodes.indices.map { graph.closure(of: [$0]) }
        below = closures.enumerated().map { $1.subtracting([$0]) }
        above = graph.nodes.indices.map { item in
            Set(graph.nodes.indices.filter { $0 != item && closures[$0].contains(item) })
        }
    }

    func layers() -> [[Int]] {
        var owners = Array(repeating: Set<Int>(), count: graph.nodes.count)
        var rest = graph.nodes.indices.sorted { (graph.nodes[$0].size, $0) < (graph.nodes[$1].size, $1) }
        while let item = rest.popLast() {
            var next = owners
            next[item] = [item]
            for dependency in below[item] {
                next[dependency].subtract(above[item])
                if next[dependency].isDisjoint(with: below[item]) { next[dependency].insert(item) }
            }
            if Set(next).count > limit { break }
            owners = next
        }
        return Dictionary(grouping: graph.nodes.indices) { owners[$0] }.values
            .map { items in items.sorted { precedes($0, $1) } }
            .sorted { first, second in
                let (a, b) = (closureSize(first), closureSize(second))
                return a == b ? precedes(first[0], second[0]) : a < b
            }
    }

    private func closureSize(_ items: [Int]) -> Int64 {
        graph.closure(of: items).reduce(0) { $0 + graph.nodes[$1].size }
    }

    private func precedes(_ first: Int, _ second: Int) -> Bool {
        let (a, b) = (key(first), key(second))
        if a[0] != b[0] { return a[0].utf8.lexicographicallyPrecedes(b[0].utf8) }
        return a[1].utf8.lexicographicallyPrecedes(b[1].utf8)
    }

    /// The name, then the hash.
    private func key(_ item: Int) -> [String] {
        graph.nodes[item].path.split(separator: "-", maxSplits: 1).map(String.init).reversed()
    }
}
