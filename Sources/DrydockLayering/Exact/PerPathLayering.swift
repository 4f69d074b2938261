// SPDX-License-Identifier: Apache-2.0

/// Gives every item a layer of its own, as far as the limit allows.
///
/// *Input.* A graph, of which some items may be known to be made here, and the number of layers allowed, n.
///
/// *Steps.*
/// 1. An item changes whenever one that it reaches changes. So those that are made here, and all that reach one, come last; the
///    others come first.
/// 2. Within both, order the items by the number of items that they reach, ascending: the fewer, the fewer reasons to change. An
///    item reaches more than each of its references does, so what is referred to comes before what refers to it. Equal numbers
///    are ordered by names, as in ``SizeFirstLayering``.
/// 3. The first n − 1 items have a layer each; the others, which change most, share the last. A chain of layers is then kept as
///    far up as possible: Docker does not have to unpack a layer again below which nothing has changed.
///
/// *Circles of references* are ordered as one item that reaches what its items reach.
///
/// *Example.* app (made here) refers to lib and data (made here), lib to libc; doc refers to nothing. With 4 layers:
/// doc | libc | lib | data, app: doc and libc reach nothing, lib reaches one, and the others change with every build.
public struct PerPathLayering: Sendable {
    /// The items.
    public var graph: ReferenceGraph
    /// The number of layers allowed, at least 1.
    public var limit: Int

    /// A way to divide a graph over a number of layers.
    ///
    /// - Precondition: The limit is at least 1.
    public init(graph: ReferenceGraph, limit: Int) {
        precondition(limit >= 1, "A limit of layers is below 1")
        self.graph = graph
        self.limit = limit
    }

    /// The layers, the lowest first.
    public func groups() -> [LayerGroup] {
        let order = stableFirst()
        let apart = order.prefix(limit - 1).map { LayerGroup(items: [$0], reason: .alone) }
        let others = Array(order.dropFirst(limit - 1))
        if others.isEmpty { return apart }
        return apart + [LayerGroup(items: others, reason: others.count == 1 ? .alone : .remainder)]
    }

    private func stableFirst() -> [Int] {
        let references = Adjacency(of: graph)
        let components = Components(of: references)
        // An edge leads to a lower component, so turned round to a higher one; and who reaches whom is turned round too.
        let weights = components.members.map { UInt64($0.count) }
        let reached = AncestorSums.sums(of: [weights], along: components.edges.reversed())[0]
        let own = graph.nodes.indices.filter { graph.nodes[$0].isOwn }
        var isVolatile = Array(repeating: 0, count: graph.nodes.count)
        for item in references.reversed().reachable(from: own) { isVolatile[item] = 1 }
        let ranks = PathOrder(of: graph.nodes.map(\.path), by: .nameThenHash).ranks
        return graph.nodes.indices.sorted { first, second in
            (isVolatile[first], reached[components.numbers[first]], ranks[first])
                < (isVolatile[second], reached[components.numbers[second]], ranks[second])
        }
    }
}
