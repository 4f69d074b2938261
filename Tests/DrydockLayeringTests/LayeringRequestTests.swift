// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct LayeringRequestTests {
    static let pipeline = LayeringPipeline(steps: [.popularityContest, .limitLayers(40)])
    static let algorithms = LayeringAlgorithm.named + [.pipeline(pipeline)]

    @Test
    func `a request is done by its algorithm`() throws {
        let graph = ReferenceGraph.application
        func groups(_ algorithm: LayeringAlgorithm) throws -> [LayerGroup] {
            try LayeringRequest(graph: graph, algorithm: algorithm, limit: 4).groups()
        }
        #expect(try groups(.sizeFirst) == SizeFirstLayering(graph: graph, limit: 4).groups())
        #expect(try groups(.popularity) == PopularityLayering(graph: graph, limit: 4).groups())
        #expect(try groups(.perPath) == PerPathLayering(graph: graph, limit: 4).groups())
        #expect(try groups(.single) == SingleLayering(graph: graph).groups())
        #expect(try groups(.pipeline(Self.pipeline)) == Self.pipeline.groups(of: graph))
    }

    @Test(arguments: algorithms)
    func `no layer at all is refused`(algorithm: LayeringAlgorithm) {
        let failure = #expect(throws: LayeringFailure.self) {
            try LayeringRequest(graph: .application, algorithm: algorithm, limit: 0).groups()
        }
        #expect(
            failure?.description
                == "Cannot put the paths into 0 layers: at least 1 is necessary\nhint: raise 'maxLayers'"
        )
    }

    @Test(arguments: algorithms)
    func `an empty graph has no layer`(algorithm: LayeringAlgorithm) throws {
        let request = LayeringRequest(graph: ReferenceGraph(nodes: []), algorithm: algorithm, limit: 1)
        #expect(try request.groups() == [])
    }

    @Test(arguments: algorithms)
    func `equal requests have equal results`(algorithm: LayeringAlgorithm) throws {
        for seed in 0..<200 {
            let graph = ReferenceGraph.random(seed: seed, circles: true)
            let request = LayeringRequest(graph: graph, algorithm: algorithm, limit: 5)
            let groups = try request.groups()
            #expect(try request.groups() == groups)
            if case .pipeline = algorithm { continue }
            expectPartition(groups, of: graph, limit: 5)
        }
    }

    @Test(arguments: algorithms)
    func `many items are divided`(algorithm: LayeringAlgorithm) throws {
        // Ten times fewer for the only algorithm that takes minutes for 100,000 without optimisation.
        let count = algorithm == .stable ? 10_000 : 100_000
        let graph = ReferenceGraph.large(count: count, cluster: 40, chain: 1000)
        let groups = try LayeringRequest(graph: graph, algorithm: algorithm, limit: 40).groups()
        expectPartition(groups, of: graph, limit: 40)
    }

    @Test
    func `the sentence for scores that are too big names another way`() {
        #expect(
            LayeringFailure(.popularityTooBig(count: 30_002)).description
                == "Cannot count the popularity of 30002 paths: there are too many ways between them"
                + "\nhint: use another algorithm, such as 'sizeFirst'"
        )
    }
}
