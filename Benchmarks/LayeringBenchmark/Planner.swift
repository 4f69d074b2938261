// SPDX-License-Identifier: Apache-2.0

import DrydockLayering

/// A way to divide an image into layers that takes part in the comparison.
struct Planner: Sendable {
    /// The paths of each layer, the lowest first.
    typealias Layers = [[String]]

    let name: String
    /// Whether it is Drydock's own, which the others are compared with.
    var isStable = false
    /// The layers of an image, given those of the previous one.
    let layers: @Sendable (_ image: History.Image, _ limit: Int, _ previous: Layers) throws -> Layers

    /// What no algorithm reaches: nothing is sent but what changed.
    static let bound = Planner(name: "one layer for each path") { image, _, _ in image.graph.nodes.map { [$0.path] } }

    /// The algorithms that are compared.
    static let all: [Planner] = [
        of(.single, "single"),
        of(.popularity, "popularity"),
        of(.sizeFirst, "sizeFirst"),
        Planner(name: "by source package (apko)") { image, limit, _ in bySource(image, limit: limit) },
        of(.stable, "stable, no previous, own unknown"),
        of(.stable, "stable, no previous", knowsOwn: true),
        of(.stable, "stable, own unknown", hasPrevious: true),
        of(.stable, "stable", knowsOwn: true, hasPrevious: true),
    ]

    private static func of(
        _ algorithm: LayeringAlgorithm,
        _ name: String,
        knowsOwn: Bool = false,
        hasPrevious: Bool = false
    ) -> Planner {
        Planner(name: name, isStable: algorithm == .stable) { image, limit, previous in
            let graph = knowsOwn ? image.graph : image.graphWithoutOwn
            let request = LayeringRequest(
                graph: graph,
                algorithm: algorithm,
                limit: limit,
                previous: hasPrevious ? previous : []
            )
            return try request.groups().map { $0.items.map { graph.nodes[$0].path } }
        }
    }

    /// The rule of apko's `origin` strategy: the largest source packages alone, all others together on top.
    private static func bySource(_ image: History.Image, limit: Int) -> Layers {
        let groups = Dictionary(grouping: image.graph.nodes.indices) { image.sources[$0] }
        let sizes = groups.mapValues { $0.reduce(0.0) { $0 + Double(image.graph.nodes[$1].size) } }
        let order = groups.keys.sorted { first, second in
            let (one, other) = (sizes[first, default: 0], sizes[second, default: 0])
            return one != other ? one > other : first < second
        }
        var layers = order.prefix(limit - 1).map { groups[$0, default: []] }
        let rest = order.dropFirst(limit - 1).flatMap { groups[$0, default: []] }
        if !rest.isEmpty { layers.append(rest) }
        return layers.map { $0.map { image.graph.nodes[$0].path }.sorted() }
    }
}
