// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct LayeringAlgorithmTests {
    @Test
    func `an algorithm is found by its name`() {
        #expect(LayeringAlgorithm.named.map(\.name) == ["stable", "sizeFirst", "popularity", "perPath", "single"])
        #expect(LayeringAlgorithm.named.map { LayeringAlgorithm(name: $0.name) } == LayeringAlgorithm.named)
    }

    @Test(arguments: ["layeringPipeline", "size", ""])
    func `another name is none`(name: String) {
        #expect(LayeringAlgorithm(name: name) == nil)
    }

    @Test
    func `a pipeline has the name of its argument`() {
        #expect(LayeringAlgorithm.pipeline(LayeringPipeline(steps: [])).name == "layeringPipeline")
    }
}
