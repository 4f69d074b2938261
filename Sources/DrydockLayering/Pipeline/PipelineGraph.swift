// SPDX-License-Identifier: Apache-2.0

/// A graph on its way through a pipeline: some of the items, in an order, with some of their references.
struct PipelineGraph {
    /// The position in the reference graph of each vertex.
    let items: [Int]
    /// The edges between vertices.
    let edges: Adjacency

    /// The whole of a reference graph, smallest items first.
    init(_ graph: ReferenceGraph) {
        let nodes = graph.nodes
        items = nodes.indices.sorted { (nodes[$0].size, $0) < (nodes[$1].size, $1) }
        var vertices = items
        for (vertex, item) in items.enumerated() { vertices[item] = vertex }
        edges = Adjacency(items.map { item in nodes[item].references.filter { $0 != item }.map { vertices[$0] } })
    }

    private init(items: [Int], edges: Adjacency) {
        self.items = items
        self.edges = edges
    }

    /// The number of vertices.
    var count: Int { items.count }

    /// The vertices of those of these items that the graph has, in the order in which they were asked for.
    func vertices(of wanted: [Int]) -> [Int] {
        let positions = Dictionary(zip(items, items.indices)) { first, _ in first }
        return wanted.compactMap { positions[$0] }
    }

    /// The vertices divided into a number of parts, each with its edges to others of the same part.
    ///
    /// In a part they keep their order. A vertex without a part is left out.
    func parts(_ count: Int, of part: [Int?]) -> [PipelineGraph] {
        var numbers = Array(repeating: 0, count: self.count)
        var members = Array(repeating: [Int](), count: count)
        for (vertex, part) in part.enumerated() {
            guard let part else { continue }
            numbers[vertex] = members[part].count
            members[part].append(vertex)
        }
        return members.enumerated().map { number, vertices in
            let lists = vertices.map { vertex in edges[vertex].filter { part[$0] == number }.map { numbers[$0] } }
            return PipelineGraph(items: vertices.map { items[$0] }, edges: Adjacency(lists))
        }
    }

    /// The vertices that are in a set, and the others.
    func divided(by set: [Int]) -> (inside: PipelineGraph, outside: PipelineGraph) {
        var part = Array(repeating: Int?(1), count: count)
        for vertex in set { part[vertex] = 0 }
        let parts = parts(2, of: part)
        return (parts[0], parts[1])
    }

    /// The same vertices without the edges into some.
    func removingEdges(into vertices: [Int]) -> PipelineGraph {
        var isTarget = Array(repeating: false, count: count)
        for vertex in vertices { isTarget[vertex] = true }
        return PipelineGraph(items: items, edges: Adjacency((0..<count).map { edges[$0].filter { !isTarget[$0] } }))
    }

    /// All vertices of some graphs, one graph's after the other's.
    static func union(of graphs: [PipelineGraph]) -> PipelineGraph {
        var lists: [[Int]] = []
        for graph in graphs {
            let offset = lists.count
            for vertex in 0..<graph.count { lists.append(graph.edges[vertex].map { $0 + offset }) }
        }
        return PipelineGraph(items: graphs.flatMap(\.items), edges: Adjacency(lists))
    }

    /// The vertices to which no edge leads, and of each circle to which nothing else leads the first.
    func roots() -> [Int] {
        let components = Components(of: edges)
        var isReferred = Array(repeating: false, count: components.count)
        for component in 0..<components.count {
            for target in components.edges[component] { isReferred[target] = true }
        }
        return (0..<components.count).filter { !isReferred[$0] }.compactMap { components.members[$0].first }
    }
}
