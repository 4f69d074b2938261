// SPDX-License-Identifier: Apache-2.0

/// Gives the biggest items layers of their own, each with what nothing else needs.
///
/// dockerTools divides so by default, and this comes to the same layers in the same order.
///
/// *Input.* A graph, and the number of layers allowed. Let D(x) be all that x reaches and U(x) all that reaches x, each
/// without x.
///
/// *State.* Each item has a set of owners, empty at first. Items with equal owners are a layer; those without owners are
/// the remainder.
///
/// *Steps.*
/// 1. Take the next item p by descending size; of equal sizes the one later in the input comes first.
/// 2. Make {p} the owners of p. For each d of D(p) take U(p) out of its owners, and if then no item of D(p) is among them,
///    add p. So the owners of an item are the nearest items taken that reach it, none of which reaches another.
/// 3. Count the distinct sets of owners. If they are more than allowed, undo step 2 and stop for good. Else go on with step 1.
/// 4. Order the layers by the size of their closure (their items and all that these reach), ascending: what is referred to
///    comes first. Order the items of a layer by their names: by what follows the first dash of the path,
///    then by what precedes it.
///
/// Ignored items are counted in steps 1 to 3 but are in no layer.
///
/// dockerTools leaves the order of layers with equal closures open; here the one whose first item has the lower name comes first.
///
/// *Circles of references*, which a store cannot have, behave like one item that is taken when its biggest is: taking another
/// item of a circle would rename the owner and change no layer.
///
/// *Cost.* Owners only multiply: after n items are taken, there are n distinct sets or more. So at most limit + 1 items are
/// tried, each with two searches of the graph. Owners are held as numbers of interned sets.
///
/// *Example.* app (10) refers to libA (100), libB (80), conf (1); libA to glibc (60), zlib (5); libB to glibc, zlib, icu (40);
/// zlib and icu to glibc; glibc to idn (2).
/// With 2 layers: glibc, idn, libA, zlib | app, conf, icu, libB. Taking libA makes it the owner of what it reaches; taking libB as well
/// would make a third set, {libA, libB}, so the algorithm stops there. With 4: glibc, idn, zlib | libA | icu, libB | app, conf.
public struct SizeFirstLayering: Sendable {
    /// The items.
    public var graph: ReferenceGraph
    /// The number of layers allowed, at least 1.
    public var limit: Int
    /// The positions of items that take part in the choice but are in no layer.
    public var ignored: Set<Int>

    /// A way to divide a graph over a number of layers.
    ///
    /// - Precondition: The limit is at least 1.
    public init(graph: ReferenceGraph, limit: Int, ignored: Set<Int> = []) {
        precondition(limit >= 1, "A limit of layers is below 1")
        self.graph = graph
        self.limit = limit
        self.ignored = ignored
    }

    /// The layers, the lowest first.
    public func groups() -> [LayerGroup] {
        let components = Components(of: Adjacency(of: graph))
        var ownership = Ownership(components.edges)
        // The item for which a component was taken; it stands for the component in the explanation.
        var taken: [Int: Int] = [:]
        for item in candidates() {
            let component = components.numbers[item]
            guard taken[component] == nil else { continue }
            guard ownership.take(component, limit: limit) else { break }
            taken[component] = item
        }
        return layers(of: ownership, in: components, taken: taken)
    }

    /// The items in the order in which they are tried.
    private func candidates() -> [Int] {
        graph.nodes.indices.sorted { first, second in
            let (a, b) = (graph.nodes[first].size, graph.nodes[second].size)
            return a == b ? first > second : a > b
        }
    }

    /// A layer with what its place is decided by.
    private struct Layer {
        var group: LayerGroup
        /// In UInt128, because the sum of hostile sizes leaves Int64.
        var closureSize: UInt128
        var rank: Int
    }

    private func layers(of ownership: Ownership, in components: Components, taken: [Int: Int]) -> [LayerGroup] {
        let ranks = PathOrder(of: graph.nodes.map(\.path), by: .nameThenHash).ranks
        let sizes = components.members.map { $0.reduce(UInt128(0)) { $0 + UInt128(graph.nodes[$1].size) } }
        var search = Adjacency.Search(count: components.count)
        let layers = ownership.classes().compactMap { owned -> Layer? in
            let items = owned.members.flatMap { components.members[$0] }.filter { !ignored.contains($0) }
                .sorted { ranks[$0] < ranks[$1] }
            guard let first = items.first else { return nil }
            let owners = owned.owners.compactMap { taken[$0] }
            let closure = search.run(in: components.edges, from: owned.members)
            return Layer(
                group: LayerGroup(items: items, reason: reason(for: items, owners: owners)),
                closureSize: closure.reduce(0) { $0 + sizes[$1] },
                rank: ranks[first]
            )
        }
        return layers.sorted { ($0.closureSize, $0.rank) < ($1.closureSize, $1.rank) }.map(\.group)
    }

    private func reason(for items: [Int], owners: [Int]) -> LayerGroup.Reason {
        if owners.isEmpty { return .remainder }
        return owners == items ? .alone : .dependenciesOf(owners.sorted())
    }
}
