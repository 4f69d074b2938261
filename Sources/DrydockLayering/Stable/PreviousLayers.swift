// SPDX-License-Identifier: Apache-2.0

/// The layers of the previous image that can stay, and what is left to be put into layers.
struct PreviousLayers {
    /// A layer that stays.
    struct Kept {
        /// Its place in the previous image.
        let index: Int
        /// Its nodes in the order of their paths.
        let nodes: [Int]
        /// Its bytes.
        let size: Double
    }

    /// The layers that stay, in their order.
    private(set) var kept: [Kept] = []
    /// Whether a node is in a layer that stays.
    private(set) var isKept: [Bool]

    /// The layers whose paths are all in the graph; of two layers with one path the first.
    init(graph: ReferenceGraph, previous: [[String]], rank: [Int]) {
        isKept = Array(repeating: false, count: graph.nodes.count)
        guard !previous.isEmpty else { return }
        let positions = Dictionary(
            graph.nodes.indices.map { (graph.nodes[$0].path, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for (index, paths) in previous.enumerated() where !paths.isEmpty {
            let nodes = paths.compactMap { positions[$0] }
            guard nodes.count == paths.count, !nodes.contains(where: { isKept[$0] }) else { continue }
            for node in nodes { isKept[node] = true }
            kept.append(
                Kept(
                    index: index,
                    nodes: Set(nodes).sorted { rank[$0] < rank[$1] },
                    size: Set(nodes).sorted().reduce(0) { $0 + Double(graph.nodes[$1].size) }
                )
            )
        }
    }

    /// Gives up the smallest layer, of equals the last.
    mutating func giveUpSmallest() {
        guard let smallest = kept.indices.reversed().min(by: { kept[$0].size < kept[$1].size }) else { return }
        for node in kept.remove(at: smallest).nodes { isKept[node] = false }
    }
}
