// SPDX-License-Identifier: Apache-2.0

/// A graph's nodes, put together where they can only change together.
///
/// The outputs of one derivation are one unit, and so are nodes that refer to each other in a circle. The units refer to
/// each other without circles. Their numbers follow the paths of the nodes, never the order of the nodes in the graph.
struct ChangeUnits {
    /// The nodes of each unit in the order of their paths.
    let members: [[Int]]
    /// What unit `u` refers to lies at `references[bounds[u]..<bounds[u + 1]]`; itself is not among it.
    let references: [Int]
    /// Where the references of each unit begin, and as the last value their number.
    let bounds: [Int]
    /// All units, each after everything that it refers to.
    let dependenciesFirst: [Int]
    /// The place of each node in the order of the paths.
    let rank: [Int]

    /// The number of units.
    var count: Int { members.count }

    /// The units of a graph.
    init(graph: ReferenceGraph) {
        let inPathOrder = graph.nodes.indices.sorted {
            graph.nodes[$0].path.utf8.lexicographicallyPrecedes(graph.nodes[$1].path.utf8)
        }
        let labels = Self.labels(of: graph, inPathOrder: inPathOrder)
        let labelled = Self.adjacency(of: graph, nodes: inPathOrder, units: labels)
        let components = StrongComponents(references: labelled.references, bounds: labelled.bounds)

        // A unit's number is the rank of its first path; components come numbered in the order of the search.
        var unitOfComponent: [Int: Int] = [:]
        var members: [[Int]] = []
        var unitOfNode = Array(repeating: 0, count: graph.nodes.count)
        for node in inPathOrder {
            let component = components.componentOf[labels.unitOf[node]]
            let unit = unitOfComponent[component, default: members.count]
            if unit == members.count {
                unitOfComponent[component] = unit
                members.append([])
            }
            members[unit].append(node)
            unitOfNode[node] = unit
        }
        let merged = Self.adjacency(of: graph, nodes: inPathOrder, units: (unitOfNode, members.count))
        self.members = members
        var rank = Array(repeating: 0, count: graph.nodes.count)
        for (place, node) in inPathOrder.enumerated() { rank[node] = place }
        self.rank = rank
        references = merged.references
        bounds = merged.bounds
        dependenciesFirst = (0..<components.count).compactMap { unitOfComponent[$0] }
    }

    /// What a unit refers to.
    func references(of unit: Int) -> ArraySlice<Int> { references[bounds[unit]..<bounds[unit + 1]] }

    /// One number for all nodes of one origin, another for every other node.
    private static func labels(of graph: ReferenceGraph, inPathOrder: [Int]) -> (unitOf: [Int], count: Int) {
        var numberOfOrigin: [String: Int] = [:]
        var labels = Array(repeating: 0, count: inPathOrder.count)
        var count = 0
        for node in inPathOrder {
            guard let origin = graph.nodes[node].origin else {
                labels[node] = count
                count += 1
                continue
            }
            let label = numberOfOrigin[origin, default: count]
            if label == count {
                numberOfOrigin[origin] = label
                count += 1
            }
            labels[node] = label
        }
        return (labels, count)
    }

    /// The references between units, those of one unit side by side, each once, none to itself.
    private static func adjacency(
        of graph: ReferenceGraph,
        nodes: [Int],
        units: (unitOf: [Int], count: Int)
    ) -> (references: [Int], bounds: [Int]) {
        var nodesOfUnit = Array(repeating: [Int](), count: units.count)
        for node in nodes { nodesOfUnit[units.unitOf[node]].append(node) }
        var references: [Int] = []
        var bounds = [0]
        var lastUserOf = Array(repeating: -1, count: units.count)
        for unit in 0..<units.count {
            lastUserOf[unit] = unit
            for node in nodesOfUnit[unit] {
                for reference in graph.nodes[node].references.map({ units.unitOf[$0] })
                where lastUserOf[reference] != unit {
                    lastUserOf[reference] = unit
                    references.append(reference)
                }
            }
            bounds.append(references.count)
        }
        return (references, bounds)
    }
}
