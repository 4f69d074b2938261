// SPDX-License-Identifier: Apache-2.0

/// Gives the items that most leads to layers of their own and puts the others together.
///
/// dockerTools divided so by default once, and this comes to the same layers in the same order.
///
/// *Input.* A graph, of which references of an item to itself do not count, and the number of layers allowed, n.
///
/// *Definition.* Let C(list of items) be scores: for each item c of the list 1 is added to the score of c, and for each item s that has a
/// score in C(references of c) that score and 1 is added to the score of s. The popularity of an item is its score in
/// C(roots), where roots are the items that no other refers to.
///
/// *Steps.*
/// 1. Count the number W(x) of ways from the roots to each item x: 1 if x is a root, else the sum over its referrers.
/// 2. The popularity of s is the sum of W(x) over s and all x that reach s (``AncestorSums``).
/// 3. Order the items by popularity, descending, and equal ones by their names: the path with what precedes its first dash moved to
///    the end.
/// 4. The first n − 1 items have a layer each; the others share the last.
///
/// *Why that is the definition.* C(roots) gives s one for each way from a root to s, and one more for each way to an item from which
/// s can still be reached: one is added whenever a list's scores are handed up to the item with that list. So every way from a root to an
/// item x counts once for each s that x reaches. The definition's scores of all pairs take V² numbers; this takes V.
///
/// *Numbers.* Each diamond on the way doubles W, so ``PopularityScore`` has no upper bound; the order is exact.
///
/// *Circles of references*, which a store cannot have and on which the definition does not end, count as one item whose score all of
/// its items have.
///
/// *Example.* A refers to B, G; B to C, E; C to D, E; D to F; E to F. The ways are A, B, C, D, G 1, E 2, F 3, the popularities
/// A 1, B 2, C 3, D 4, E 5 (E itself 2, A, B, C), F 9, G 2. With 3 layers: F | E | D, C, B, G, A.
public struct PopularityLayering: Sendable {
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
    ///
    /// - Throws: If the scores of more than 20,000 items have hundreds of digits.
    public func groups() throws(LayeringFailure) -> [LayerGroup] {
        guard let popularity = Popularity(in: Adjacency(of: graph)) else {
            throw LayeringFailure(.popularityTooBig(count: graph.nodes.count))
        }
        let order = popularity.order(ranks: PathOrder(of: graph.nodes.map(\.path), by: .hashMovedToEnd).ranks)
        let apart = order.prefix(limit - 1).map { item in
            LayerGroup(items: [item], reason: .popularity(popularity.scores[item]))
        }
        let others = Array(order.dropFirst(limit - 1))
        switch others.count {
        case 0: return apart
        case 1: return apart + [LayerGroup(items: others, reason: .popularity(popularity.scores[others[0]]))]
        default: return apart + [LayerGroup(items: others, reason: .remainder)]
        }
    }
}
