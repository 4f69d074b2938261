// SPDX-License-Identifier: Apache-2.0

/// Puts what changes together into one layer, and keeps the layers of the previous image.
public struct StableLayering: Sendable {
    private let graph: ReferenceGraph
    private let limit: Int
    private let previous: [[String]]

    /// A division of a graph's items.
    ///
    /// `previous` has the paths of each layer of the previous image, the lowest layer first.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(graph: ReferenceGraph, limit: Int, previous: [[String]] = []) {
        precondition(limit >= 1, "There is no layer for the items")
        self.graph = graph
        self.limit = limit
        self.previous = previous
    }

    /// The layers, the lowest first.
    ///
    /// Every item is in exactly one of them, none is empty, and the items of a layer are in the order of their paths.
    public func groups() -> [LayerGroup] {
        guard !graph.nodes.isEmpty else { return [] }
        let units = ChangeUnits(graph: graph)
        let sets = TriggerSets(units: units, model: ChangeModel(graph: graph, units: units))
        return StablePlan(graph: graph, units: units, sets: sets).layers(limit: limit, previous: previous)
    }
}
