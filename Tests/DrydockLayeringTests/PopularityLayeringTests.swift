// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct PopularityLayeringTests {
    /// The paths with their scores, in the order of the layers.
    private func scores(_ graph: ReferenceGraph) throws -> [String] {
        try PopularityLayering(graph: graph, limit: max(1, graph.nodes.count)).groups().map { group in
            guard case .popularity(let score) = group.reason else { return "\(group.reason)" }
            return "\(graph.nodes[group.items[0]].path) \(score)"
        }
    }

    @Test
    func `what most leads to is popular`() throws {
        #expect(try scores(.letters) == ["F 9", "E 5", "D 4", "C 3", "B 2", "G 2", "A 1"])
    }

    @Test
    func `equal scores are ordered by name`() throws {
        let expected = ["idn 16", "glibc 11", "zlib 5", "icu 3", "conf 2", "libA 2", "libB 2", "app 1"]
        #expect(try scores(.application) == expected)
    }

    @Test
    func `the name ends with the hash when names are compared`() throws {
        // As whole texts: "a--nix…" precedes "a-/nix…", because a dash precedes a slash.
        let graph = ReferenceGraph(
            ["/nix/store/1-b", "/nix/store/2-a", "/nix/store/1-a", "/nix/store/3-a--"].map { ($0, 1, []) }
        )
        let groups = try PopularityLayering(graph: graph, limit: 1).groups()
        #expect(graph.paths(groups) == [["/nix/store/3-a--", "/nix/store/1-a", "/nix/store/2-a", "/nix/store/1-b"]])
    }

    @Test
    func `the last layer takes what does not fit`() throws {
        let graph = ReferenceGraph.letters
        let groups = try PopularityLayering(graph: graph, limit: 3).groups()
        #expect(graph.paths(groups) == [["F"], ["E"], ["D", "C", "B", "G", "A"]])
        #expect(groups.last?.reason == .remainder)
    }

    @Test
    func `scores beyond 64 bits are exact`() throws {
        // Diamonds one above the other: a way through n of them chooses n times.
        let depth = 70
        let nodes = (0...depth).flatMap { level -> [ReferenceGraph.Node] in
            let next = level == depth ? [] : [2 * level + 2, 2 * level + 3]
            return [0, 1].map { .init(path: "\(level).\($0)", size: 1, references: next) }
        }
        let graph = ReferenceGraph(nodes: nodes)
        let popular = try PopularityLayering(graph: graph, limit: 200).groups().first
        // Both roots lead to each item of a level by 2 to the level ways: 2⁷⁰ and twice the sum of all above.
        #expect(popular?.reason.score == "3541774862152233910270")
        #expect(popular?.items == [140])
    }

    @Test
    func `scores that would take too long are refused`() {
        let depth = 15_000
        let nodes = (0...depth).flatMap { level -> [ReferenceGraph.Node] in
            let next = level == depth ? [] : [2 * level + 2, 2 * level + 3]
            return [0, 1].map { .init(path: "\(level).\($0)", size: 1, references: next) }
        }
        #expect(throws: LayeringFailure(.popularityTooBig(count: 30_002))) {
            try PopularityLayering(graph: ReferenceGraph(nodes: nodes), limit: 3).groups()
        }
    }

    @Test
    func `a circle counts as one item`() throws {
        let graph = ReferenceGraph([("a", 1, ["b"]), ("b", 1, ["c"]), ("c", 1, ["b", "d"]), ("d", 1, [])])
        #expect(try scores(graph) == ["d 3", "b 2", "c 2", "a 1"])
    }

    @Test
    func `an empty graph has no layer`() throws {
        #expect(try PopularityLayering(graph: ReferenceGraph(nodes: []), limit: 3).groups() == [])
    }

    @Test
    func `scores are those of the definition`() throws {
        for seed in 0..<1000 {
            let graph = ReferenceGraph.random(seed: seed, circles: false)
            var definition = DefinitionOfPopularity(graph: graph)
            let expected = definition.scores().sorted { first, second in
                let (a, b) = (first.key, second.key)
                guard first.value == second.value else { return first.value > second.value }
                return DefinitionOfPopularity.key(of: graph.nodes[a].path).utf8
                    .lexicographicallyPrecedes(DefinitionOfPopularity.key(of: graph.nodes[b].path).utf8)
            }
            #expect(try scores(graph) == expected.map { "\(graph.nodes[$0.key].path) \($0.value)" }, "seed \(seed)")
        }
    }

    @Test
    func `every graph is divided within the limit`() throws {
        for seed in 0..<1000 {
            let graph = ReferenceGraph.random(seed: seed, circles: true)
            let limit = seed % 7 + 1
            expectPartition(try PopularityLayering(graph: graph, limit: limit).groups(), of: graph, limit: limit)
        }
    }
}

extension LayerGroup.Reason {
    /// The score in decimal.
    fileprivate var score: String? {
        guard case .popularity(let score) = self else { return nil }
        return score.description
    }
}
