// SPDX-License-Identifier: Apache-2.0

/// The edges of a directed graph whose vertices are numbered from 0.
///
/// All targets lie in one array, the targets of a vertex beside each other: a graph of a million edges is three
/// allocations, and a search reads memory forwards.
struct Adjacency: Hashable, Sendable {
    /// Where the targets of each vertex begin; one more element says where the last one's end.
    private let starts: [Int]
    private let targets: [Int]

    /// The graph with these targets of each vertex.
    init(_ lists: some Collection<[Int]>) {
        var starts = [0]
        starts.reserveCapacity(lists.count + 1)
        var targets: [Int] = []
        for list in lists {
            targets.append(contentsOf: list)
            starts.append(targets.count)
        }
        self.starts = starts
        self.targets = targets
    }

    private init(starts: [Int], targets: [Int]) {
        self.starts = starts
        self.targets = targets
    }

    /// The references of a graph without those of an item to itself.
    init(of graph: ReferenceGraph) {
        self.init(graph.nodes.enumerated().map { index, node in node.references.filter { $0 != index } })
    }

    /// The number of vertices.
    var count: Int { starts.count - 1 }

    /// The vertices that a vertex's edges lead to.
    subscript(vertex: Int) -> ArraySlice<Int> {
        targets[starts[vertex]..<starts[vertex + 1]]
    }

    /// The same graph with every edge turned round; the targets of each vertex ascend.
    func reversed() -> Adjacency {
        var starts = Array(repeating: 0, count: count + 1)
        for target in targets { starts[target + 1] += 1 }
        for vertex in 0..<count { starts[vertex + 1] += starts[vertex] }
        var next = starts
        var sources = Array(repeating: 0, count: targets.count)
        for vertex in 0..<count {
            for target in self[vertex] {
                sources[next[target]] = vertex
                next[target] += 1
            }
        }
        return Adjacency(starts: starts, targets: sources)
    }

    /// The vertices that can be reached from some, these included, each once, in no particular order.
    func reachable(from origins: some Sequence<Int>) -> [Int] {
        var search = Search(count: count)
        return search.run(in: self, from: origins)
    }

    /// Searches that one after the other use the same marks, so that each costs only what it visits.
    struct Search {
        /// The number of the search that visited a vertex last.
        private var visits: [Int]
        private var current = 0

        init(count: Int) {
            visits = Array(repeating: 0, count: count)
        }

        /// Whether the last search visited a vertex.
        func hasVisited(_ vertex: Int) -> Bool {
            visits[vertex] == current && current > 0
        }

        /// Visits all that can be reached from some vertices, these included.
        mutating func run(in graph: Adjacency, from origins: some Sequence<Int>) -> [Int] {
            current += 1
            var visited: [Int] = []
            for origin in origins where visits[origin] != current {
                visits[origin] = current
                visited.append(origin)
            }
            var position = 0
            while position < visited.count {
                for target in graph[visited[position]] where visits[target] != current {
                    visits[target] = current
                    visited.append(target)
                }
                position += 1
            }
            return visited
        }
    }
}
