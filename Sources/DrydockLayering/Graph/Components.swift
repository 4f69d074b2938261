// SPDX-License-Identifier: Apache-2.0

/// The strongly connected components of a graph: vertices that reach each other are in one.
///
/// Without circles, as in every store, each vertex is a component of its own; taking circles as one vertex makes every graph
/// one without circles. They are numbered so that an edge leads from a higher number to a lower one: what is
/// referred to comes first.
///
/// The search is Tarjan's (https://doi.org/10.1137/0201010), with its own stack in place of recursion.
struct Components {
    /// The component of each vertex.
    private(set) var numbers: [Int]
    /// The vertices of each component, ascending.
    private(set) var members: [[Int]]
    /// The edges between components, each once.
    let edges: Adjacency

    /// Finds the components of a graph.
    init(of graph: Adjacency) {
        var search = ComponentSearch(graph)
        for vertex in 0..<graph.count { search.visit(vertex) }
        let numbers = search.numbers
        var members = Array(repeating: [Int](), count: search.found)
        for vertex in 0..<graph.count { members[numbers[vertex]].append(vertex) }
        // The last component that had an edge to one, so that an edge is taken once.
        var last = Array(repeating: -1, count: search.found)
        edges = Adjacency(
            members.indices.map { component in
                var targets: [Int] = []
                for vertex in members[component] {
                    for target in graph[vertex] where numbers[target] != component {
                        guard last[numbers[target]] != component else { continue }
                        last[numbers[target]] = component
                        targets.append(numbers[target])
                    }
                }
                return targets
            }
        )
        self.numbers = numbers
        self.members = members
    }

    /// The number of components.
    var count: Int { members.count }
}

/// One run of Tarjan's search over a graph.
private struct ComponentSearch {
    /// A vertex whose targets are being visited.
    private struct Visit {
        let vertex: Int
        /// The number of its targets that have been looked at.
        var done = 0
    }

    /// The component of each vertex; −1 while it is not known.
    private(set) var numbers: [Int]
    /// The number of components found.
    private(set) var found = 0

    private let graph: Adjacency
    /// When each vertex was first seen, counted from 1; 0 if not yet.
    private var seen: [Int]
    /// The earliest vertex still open that each vertex is known to reach.
    private var lowest: [Int]
    private var clock = 0
    /// The vertices that have been seen but are in no component yet.
    private var open: [Int] = []

    init(_ graph: Adjacency) {
        self.graph = graph
        numbers = Array(repeating: -1, count: graph.count)
        seen = Array(repeating: 0, count: graph.count)
        lowest = seen
    }

    /// Finds the components of everything that a vertex reaches.
    mutating func visit(_ origin: Int) {
        guard seen[origin] == 0 else { return }
        var path = [enter(origin)]
        while var visit = path.popLast() {
            let targets = graph[visit.vertex]
            guard visit.done < targets.count else {
                leave(visit.vertex)
                if let parent = path.last { lowest[parent.vertex] = min(lowest[parent.vertex], lowest[visit.vertex]) }
                continue
            }
            let target = targets[targets.startIndex + visit.done]
            visit.done += 1
            path.append(visit)
            if seen[target] == 0 {
                path.append(enter(target))
            } else if numbers[target] < 0 {
                lowest[visit.vertex] = min(lowest[visit.vertex], seen[target])
            }
        }
    }

    private mutating func enter(_ vertex: Int) -> Visit {
        clock += 1
        seen[vertex] = clock
        lowest[vertex] = clock
        open.append(vertex)
        return Visit(vertex: vertex)
    }

    /// Closes the component of a vertex if the vertex is the first of it.
    private mutating func leave(_ vertex: Int) {
        guard lowest[vertex] == seen[vertex] else { return }
        while let member = open.popLast() {
            numbers[member] = found
            if member == vertex { break }
        }
        found += 1
    }
}
