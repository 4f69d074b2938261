// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

/// What is true of the layers of every algorithm: nothing lost, nothing twice, no layer empty, not more than allowed.
func expectPartition(
    _ groups: [LayerGroup],
    of graph: ReferenceGraph,
    limit: Int,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(groups.flatMap(\.items).sorted() == Array(graph.nodes.indices), sourceLocation: sourceLocation)
    #expect(groups.allSatisfy { !$0.items.isEmpty }, sourceLocation: sourceLocation)
    #expect(groups.count <= limit, sourceLocation: sourceLocation)
}
