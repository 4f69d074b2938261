// SPDX-License-Identifier: Apache-2.0

/// What is to be put into layers, and how.
public struct LayeringRequest: Sendable {
    /// The items.
    public var graph: ReferenceGraph
    /// The way to divide them.
    public var algorithm: LayeringAlgorithm
    /// The number of layers that the items may take, at least 1.
    ///
    /// A pipeline does not look at it: it makes as many layers as its description says.
    public var limit: Int
    /// The paths of each layer of the previous image, the lowest layer first.
    ///
    /// Only ``LayeringAlgorithm/stable`` looks at them.
    public var previous: [[String]]
    /// The positions of items that count where items are chosen, but are in no layer.
    ///
    /// Only ``LayeringAlgorithm/sizeFirst`` looks at them; other algorithms put every item into a layer.
    public var ignored: Set<Int>

    /// A request.
    public init(
        graph: ReferenceGraph,
        algorithm: LayeringAlgorithm,
        limit: Int,
        previous: [[String]] = [],
        ignored: Set<Int> = []
    ) {
        self.graph = graph
        self.algorithm = algorithm
        self.limit = limit
        self.previous = previous
        self.ignored = ignored
    }

    /// The layers, the lowest first.
    ///
    /// No layer is empty and no item is in two. Every item is in one, except for those that are ignored and those that a
    /// pipeline removes. Equal requests have equal results.
    ///
    /// - Throws: If the limit is below 1, the graph is too big for the algorithm, or a pipeline does not fit the graph.
    public func groups() throws(LayeringFailure) -> [LayerGroup] {
        guard limit >= 1 else { throw LayeringFailure(.noLayer(limit: limit)) }
        switch algorithm {
        case .stable: return StableLayering(graph: graph, limit: limit, previous: previous).groups()
        case .sizeFirst: return SizeFirstLayering(graph: graph, limit: limit, ignored: ignored).groups()
        case .popularity: return try PopularityLayering(graph: graph, limit: limit).groups()
        case .perPath: return PerPathLayering(graph: graph, limit: limit).groups()
        case .single: return SingleLayering(graph: graph).groups()
        case .pipeline(let pipeline): return try pipeline.groups(of: graph)
        }
    }
}
