// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct PerPathLayeringTests {
    /// An application and its data, both made here, with two items that are not.
    private let graph = ReferenceGraph(nodes: [
        .init(path: "app", size: 1, references: [1, 2], isOwn: true),
        .init(path: "lib", size: 1, references: [3]),
        .init(path: "data", size: 1, isOwn: true),
        .init(path: "libc", size: 1, references: [3]),
        .init(path: "doc", size: 1),
    ])

    @Test
    func `what is made here comes last`() {
        let groups = PerPathLayering(graph: graph, limit: 4).groups()
        #expect(graph.paths(groups) == [["doc"], ["libc"], ["lib"], ["data", "app"]])
        #expect(groups.map(\.reason) == [.alone, .alone, .alone, .remainder])
    }

    @Test
    func `every item is alone if the limit allows`() {
        let groups = PerPathLayering(graph: graph, limit: 5).groups()
        #expect(graph.paths(groups) == [["doc"], ["libc"], ["lib"], ["data"], ["app"]])
        #expect(groups.allSatisfy { $0.reason == .alone })
    }

    @Test
    func `what refers to something made here comes last too`() {
        let graph = ReferenceGraph(nodes: [
            .init(path: "a", size: 1, references: [1]), .init(path: "b", size: 1, isOwn: true),
            .init(path: "c", size: 1, references: [3]), .init(path: "d", size: 1),
        ])
        #expect(graph.paths(PerPathLayering(graph: graph, limit: 9).groups()) == [["d"], ["c"], ["b"], ["a"]])
    }

    @Test(arguments: [false, true])
    func `every graph is divided within the limit, references first`(circles: Bool) {
        for seed in 0..<1000 {
            let graph = ReferenceGraph.random(seed: seed, circles: circles)
            let limit = seed % 7 + 1
            expectPartition(PerPathLayering(graph: graph, limit: limit).groups(), of: graph, limit: limit)
            let order = PerPathLayering(graph: graph, limit: limit).groups().flatMap(\.items)
            var place = Array(repeating: 0, count: order.count)
            for (position, item) in order.enumerated() { place[item] = position }
            for (index, node) in graph.nodes.enumerated() {
                for target in node.references where !graph.closure(of: [target]).contains(index) {
                    #expect(place[target] < place[index], "seed \(seed): \(target) before \(index)")
                }
            }
        }
    }

    @Test
    func `an empty graph has no layer`() {
        #expect(PerPathLayering(graph: ReferenceGraph(nodes: []), limit: 3).groups() == [])
    }
}
