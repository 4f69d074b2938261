// SPDX-License-Identifier: Apache-2.0

/// A graph's nodes, put together where they can only change together.
///
/// The outputs of one derivation are one unit, and so are nodes that refer to each other in a circle. The units refer to
/// each other without circles. Their numbers follow the names of the nodes, never the order of the nodes in the graph: a path
/// whose hash alone has changed keeps its number, and with it its turn where two choices are as good.
struct ChangeUnits {
    /// The nodes of each unit in the order of their names.
    let members: [[Int]]
    /// What each unit refers to, never itself.
    let references: Adjacency
    /// All units, each after everything that it refers to.
    let dependenciesFirst: [Int]
    /// The place of each node in the order of the paths.
    let rank: [Int]
    /// Whether a unit has a root: nothing refers to the unit, or no other node to one of its nodes.
    let haveRoots: [Bool]

    /// The number of units.
    var count: Int { members.count }

    /// The units of a graph.
    init(graph: ReferenceGraph) {
        let inNameOrder = Self.inNameOrder(graph)
        let labels = Self.labels(of: graph, inNameOrder: inNameOrder)
        var nodesOfLabel: [[Int]] = []
        for node in inNameOrder {
            if labels[node] == nodesOfLabel.count { nodesOfLabel.append([]) }
            nodesOfLabel[labels[node]].append(node)
        }
        let components = Components(
            of: Adjacency(nodesOfLabel.map { $0.flatMap { graph.nodes[$0].references.map { labels[$0] } } })
        )

        // A unit's number is the rank of its first name; components are numbered in the order of the search.
        var unitOfComponent = Array(repeating: -1, count: components.count)
        var members: [[Int]] = []
        for node in inNameOrder {
            let component = components.numbers[labels[node]]
            if unitOfComponent[component] < 0 {
                unitOfComponent[component] = members.count
                members.append([])
            }
            members[unitOfComponent[component]].append(node)
        }
        var componentOfUnit = unitOfComponent
        for (component, unit) in unitOfComponent.enumerated() { componentOfUnit[unit] = component }
        references = Adjacency(componentOfUnit.map { components.edges[$0].map { unitOfComponent[$0] } })
        self.members = members
        dependenciesFirst = unitOfComponent
        var rank = Array(repeating: 0, count: graph.nodes.count)
        for (place, node) in Self.inPathOrder(graph).enumerated() { rank[node] = place }
        self.rank = rank
        haveRoots = Self.haveRoots(members, references, graph)
    }

    /// Which units nothing refers to, or have a node that no other node refers to.
    private static func haveRoots(_ members: [[Int]], _ references: Adjacency, _ graph: ReferenceGraph) -> [Bool] {
        var isReferredTo = Array(repeating: false, count: graph.nodes.count)
        for (node, item) in graph.nodes.enumerated() {
            for reference in item.references where reference != node { isReferredTo[reference] = true }
        }
        var isUnitReferredTo = Array(repeating: false, count: members.count)
        for unit in members.indices {
            for reference in references[unit] { isUnitReferredTo[reference] = true }
        }
        return members.indices.map { unit in
            !isUnitReferredTo[unit] || members[unit].contains { !isReferredTo[$0] }
        }
    }

    private static func inNameOrder(_ graph: ReferenceGraph) -> [Int] {
        let ranks = PathOrder(of: graph.nodes.map(\.path), by: .nameThenHash).ranks
        var order = Array(repeating: 0, count: ranks.count)
        for (node, rank) in ranks.enumerated() { order[rank] = node }
        return order
    }

    private static func inPathOrder(_ graph: ReferenceGraph) -> [Int] {
        let paths = graph.nodes.map(\.path)
        // The comparison of strings is that of their bytes, and much faster, where each character is one byte.
        guard paths.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } }) else {
            return paths.indices.sorted { paths[$0].utf8.lexicographicallyPrecedes(paths[$1].utf8) }
        }
        return paths.indices.sorted { paths[$0] < paths[$1] }
    }

    /// One number for all nodes of one origin, another for every other node, in the order of their first names.
    private static func labels(of graph: ReferenceGraph, inNameOrder: [Int]) -> [Int] {
        var labelOfOrigin: [String: Int] = [:]
        var labels = Array(repeating: 0, count: inNameOrder.count)
        var count = 0
        for node in inNameOrder {
            var label = count
            if let origin = graph.nodes[node].origin {
                label = labelOfOrigin[origin, default: count]
                labelOfOrigin[origin] = label
            }
            labels[node] = label
            if label == count { count += 1 }
        }
        return labels
    }
}
