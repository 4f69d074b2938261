// SPDX-License-Identifier: Apache-2.0

/// Puts everything into one layer.
///
/// *Input.* A graph.
///
/// *Steps.* All items in the order of their names, as in ``SizeFirstLayering``; no layer if there is no item.
///
/// *Example.* `/nix/store/2…-app` and `/nix/store/1…-lib` make one layer: app, lib.
public struct SingleLayering: Sendable {
    /// The items.
    public var graph: ReferenceGraph

    /// A way to put a graph into one layer.
    public init(graph: ReferenceGraph) {
        self.graph = graph
    }

    /// The layer, or none if there is no item.
    public func groups() -> [LayerGroup] {
        let ranks = PathOrder(of: graph.nodes.map(\.path), by: .nameThenHash).ranks
        let items = graph.nodes.indices.sorted { ranks[$0] < ranks[$1] }
        return items.isEmpty ? [] : [LayerGroup(items: items, reason: .everything)]
    }
}
