// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct SingleLayeringTests {
    @Test
    func `everything is in one layer in the order of names`() {
        let graph = ReferenceGraph([("/nix/store/1-lib", 1, []), ("/nix/store/2-app", 1, ["/nix/store/1-lib"])])
        #expect(SingleLayering(graph: graph).groups() == [LayerGroup(items: [1, 0], reason: .everything)])
    }

    @Test
    func `an empty graph has no layer`() {
        #expect(SingleLayering(graph: ReferenceGraph(nodes: [])).groups() == [])
    }
}
