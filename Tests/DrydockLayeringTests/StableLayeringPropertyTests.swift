// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

/// What holds for every graph and every history of updates.
@Suite
struct StableLayeringPropertyTests {
    private static let limits = [1, 2, 3, 5, 8, 60]

    /// Another limit for each seed: a plan takes a millisecond without optimisation.
    private func limit(_ seed: Int) -> Int { Self.limits[seed % Self.limits.count] }

    private func groups(_ graph: ReferenceGraph, _ limit: Int, _ previous: [[String]] = []) -> [LayerGroup] {
        StableLayering(graph: graph, limit: limit, previous: previous).groups()
    }

    private func expectLayers(_ groups: [LayerGroup], of graph: ReferenceGraph, limit: Int) {
        expectPartition(groups, of: graph, limit: limit)
        let paths = graph.paths(groups)
        #expect(paths == paths.map { $0.sorted() })
        guard limit > 1 else { return }
        for group in groups where Set(group.items.map { graph.nodes[$0].isOwn }).count > 1 {
            // What is one's own shares a layer with other things only where it did so before or where they are one unit.
            Issue.record("\(graph.paths([group])[0]) is not all one's own")
        }
    }

    private func expectKept(_ previous: [[String]], in groups: [LayerGroup], of graph: ReferenceGraph, limit: Int) {
        let paths = graph.paths(groups)
        var kept: [Int] = []
        for (index, group) in groups.enumerated() {
            guard case .kept(let layer) = group.reason else { continue }
            #expect(paths[index] == previous[layer])
            kept.append(layer)
        }
        #expect(kept == kept.sorted())
        let present = Set(graph.nodes.map(\.path))
        let intact = previous.indices.filter { previous[$0].allSatisfy(present.contains) }
        // Two layers for what changed, one of one's own and one of others, are all that is ever taken from the old ones.
        #expect(kept.count >= min(intact.count, limit - 2))
        if intact.count + 2 <= limit { #expect(kept == intact) }
    }

    @Test
    func `nothing is lost, twice there, or out of order`() {
        for seed in 0..<2000 {
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let limit = limit(seed)
            expectLayers(groups(graph, limit), of: graph, limit: limit)
        }
    }

    @Test
    func `graphs with circles are divided too`() {
        for seed in 0..<1000 {
            let graph = ReferenceGraph.random(seed: seed, circles: true)
            let limit = limit(seed)
            expectPartition(groups(graph, limit), of: graph, limit: limit)
        }
    }

    @Test
    func `the order of the items in the graph makes no difference`() {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: seed)
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let shuffled = graph.shuffled(using: &generator)
            let limit = limit(seed)
            let layers = graph.paths(groups(graph, limit))
            #expect(shuffled.paths(groups(shuffled, limit)) == layers)
            let previous = Array(layers.dropFirst())
            #expect(shuffled.paths(groups(shuffled, limit, previous)) == graph.paths(groups(graph, limit, previous)))
        }
    }

    @Test
    func `what has not changed stays as it is`() {
        for seed in 0..<300 {
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let limit = limit(seed)
            let layers = graph.paths(groups(graph, limit))
            let again = groups(graph, limit, layers)
            #expect(graph.paths(again) == layers)
            #expect(again.map(\.reason) == layers.indices.map { .kept(previousLayer: $0) })
        }
    }

    @Test
    func `a change of a root changes the layer that holds it and no other`() {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: seed)
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let root = graph.nodes.count - 1
            let before = graph.paths(groups(graph, 60))
            let changed = graph.updated(changing: [root], using: &generator)
            let after = changed.paths(groups(changed, 60, before))
            let gone = Set(graph.nodes.map(\.path)).subtracting(changed.nodes.map(\.path))
            #expect(Set(before).subtracting(after) == Set(before.filter { !gone.isDisjoint(with: $0) }))
        }
    }

    @Test
    func `roots share no layer while there is room`() {
        var sharing = 0
        for seed in 0..<300 {
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let roots = graph.roots
            for limit in [graph.nodes.count, 2 * roots.count, 2 * roots.count - 1, 60] where limit > 0 {
                for group in groups(graph, limit) {
                    // Outputs of one derivation can only change together.
                    let origins = Set(group.items.filter(roots.contains).map { graph.nodes[$0].origin })
                    #expect(origins.count <= 1, "seed \(seed), limit \(limit): \(graph.paths([group])[0])")
                }
            }
            let few = groups(graph, 2)
            if few.contains(where: { Set($0.items).intersection(roots).count > 1 }) { sharing += 1 }
        }
        // Otherwise there were no roots to keep apart.
        #expect(sharing > 150)
    }

    @Test
    func `without a previous image, too, a changed root changes its own layer alone`() {
        for seed in 0..<500 {
            var generator = SeededGenerator(seed: seed)
            let graph = ReferenceGraph.randomClosure(seed: seed)
            guard let root = graph.roots.randomElement(using: &generator) else { continue }
            let changed = graph.updated(changing: [root], using: &generator)
            let gone = Set(graph.nodes.map(\.path)).subtracting(changed.nodes.map(\.path))
            // Other outputs of the same derivation may have users, which change with it.
            guard gone == [graph.nodes[root].path] else { continue }
            let before = graph.paths(groups(graph, 60))
            let after = changed.paths(groups(changed, 60))
            #expect(Set(before).subtracting(after).map { gone.isDisjoint(with: $0) } == [false], "seed \(seed)")
        }
    }

    @Test(arguments: limits)
    func `a history of updates keeps every layer that it can`(limit: Int) {
        for seed in 0..<40 {
            var generator = SeededGenerator(seed: seed)
            var graph = ReferenceGraph.randomClosure(seed: seed)
            var previous: [[String]] = []
            for _ in 0..<8 {
                let groups = groups(graph, limit, previous)
                expectLayers(groups, of: graph, limit: limit)
                expectKept(previous, in: groups, of: graph, limit: limit)
                previous = graph.paths(groups)
                let changed = graph.nodes.indices.filter { _ in Int.random(in: 0..<8, using: &generator) == 0 }
                graph = graph.updated(changing: changed, using: &generator)
            }
        }
    }

    @Test
    func `any previous layers are endured`() {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: seed)
            let graph = ReferenceGraph.randomClosure(seed: seed)
            let names = graph.nodes.map(\.path) + ["gone", ""]
            let previous = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                names.shuffled(using: &generator).prefix(Int.random(in: 0...4, using: &generator)) + names.prefix(1)
            }
            let limit = limit(seed)
            expectPartition(groups(graph, limit, previous.map(Array.init)), of: graph, limit: limit)
        }
    }
}
