// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct ReferenceGraphTests {
    @Test
    func `a repeated reference counts once`() {
        let node = ReferenceGraph.Node(path: "a", size: 1, references: [1, 1, 0])
        let graph = ReferenceGraph(nodes: [node, ReferenceGraph.Node(path: "b", size: 2)])
        #expect(graph.nodes[0].references == [1, 0])
    }

    @Test
    func `a reference out of the graph is a mistake of the caller`() async {
        await #expect(processExitsWith: .failure) {
            _ = ReferenceGraph(nodes: [.init(path: "a", size: 1, references: [1])])
        }
    }
}
