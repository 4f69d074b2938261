// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct LayeringPipelineTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let pipeline: PipelineValue
        /// The paths of each layer: one character each.
        let layers: [String]

        init(_ name: String, _ pipeline: PipelineValue, _ layers: String...) {
            self.name = name
            self.pipeline = pipeline
            self.layers = layers
        }

        var testDescription: String { name }
    }

    static let graphs = [
        Example("nothing to do", [], "FEDCBA"),
        Example("runs of two", [["split_every", 2]], "FE", "DC", "BA"),
        Example("the last run is shorter", [["split_every", 4]], "FEDC", "BA"),
        Example("a run longer than the graph", [["split_every", 9]], "FEDCBA"),
        Example("popularity", [["popularity_contest"]], "D", "E", "B", "C", "A", "F"),
        Example("removed path", [["remove_paths", "D"]], "FECBA"),
        Example("removed and unknown paths", [["remove_paths", ["D", "X", "F"]]], "ECBA"),
        Example("no removed path", [["remove_paths", []]], "FEDCBA"),
        Example(
            "removed paths lose their edges",
            [["remove_paths", ["C"]], ["popularity_contest"]],
            "D",
            "B",
            "A",
            "E",
            "F"
        ),
        Example("what is reached", [["subcomponent_out", ["C"]]], "EDC", "FBA"),
        Example("what reaches", [["subcomponent_in", ["D"]]], "DCBA", "FE"),
        Example("what several reach", [["subcomponent_out", ["F", "B", "X"]]], "FDB", "ECA"),
        Example("what nothing reaches", [["subcomponent_out", ["X"]]], "FEDCBA"),
        Example("split off", [["split_paths", ["C"]]], "EC", "D", "FBA"),
        Example("children split off", [["split_paths", [["children_of": "A"]]]], "EDCB", "FA"),
        Example("children of several split off", [["split_paths", [["children_of": ["A", "X"]]]]], "EDCB", "FA"),
        Example("one of two roots split off", [["split_paths", ["A"]]], "EDCBA", "F"),
        Example("both roots split off", [["split_paths", ["A", "F"]]], "FEDCBA"),
        Example("nothing split off", [["split_paths", ["X"]]], "FEDCBA"),
        Example("a leaf of a root without others", [["split_paths", ["F"]]], "F", "EDCBA"),
    ]

    static let nested = [
        Example("limited", [["popularity_contest"], ["limit_layers", 3]], "D", "E", "BCAF"),
        Example("limited to one", [["popularity_contest"], ["limit_layers", 1]], "DEBCAF"),
        Example("limit not reached", [["popularity_contest"], ["limit_layers", 6]], "D", "E", "B", "C", "A", "F"),
        Example("limit far off", [["split_every", 4], ["limit_layers", 9]], "FEDC", "BA"),
        Example(
            "merged graphs keep their edges and get no others",
            [["split_every", 3], ["limit_layers", 1], ["map", ["popularity_contest"]]],
            "B",
            "C",
            "A",
            "D",
            "E",
            "F"
        ),
        Example(
            "merged lists",
            [["popularity_contest"], ["map", ["split_every", 1]], ["limit_layers", 2], ["reverse"]],
            "E",
            "B",
            "C",
            "A",
            "F",
            "D"
        ),
        Example("reversed", [["split_every", 2], ["reverse"]], "BA", "DC", "FE"),
        Example("flattened", [["split_paths", ["C"]], ["flatten"], ["limit_layers", 2]], "EC", "DFBA"),
        Example("each", [["split_every", 3], ["map", ["remove_paths", ["E", "C"]]]], "FD", "BA"),
        Example(
            "empty layers vanish",
            [["split_every", 1], ["map", ["remove_paths", "C"]]],
            "F",
            "E",
            "D",
            "B",
            "A"
        ),
        Example(
            "at a key",
            [["split_paths", ["C"]], ["over", "rest", ["split_every", 1]]],
            "EC",
            "D",
            "F",
            "B",
            "A"
        ),
        Example(
            "parts keep their edges",
            [["split_paths", ["C"]], ["over", "main", ["popularity_contest"]]],
            "E",
            "C",
            "D",
            "FBA"
        ),
        Example(
            "edges into split paths are deleted",
            [["split_paths", ["C", "E"]], ["over", "main", ["popularity_contest"]]],
            "C",
            "E",
            "D",
            "FBA"
        ),
        Example(
            "the only root split off",
            [["subcomponent_out", ["A"]], ["over", "main", ["split_paths", ["A"]]]],
            "EDCBA",
            "F"
        ),
        Example(
            "pipe",
            [["split_paths", ["C"]], ["over", "main", ["pipe", [["popularity_contest"], ["reverse"]]]]],
            "C",
            "E",
            "D",
            "FBA"
        ),
        Example("reordered", [["split_paths", ["C"]], ["reorder", ["rest", "x", "main"]]], "FBA", "EC", "D"),
    ]

    @Test(arguments: graphs + nested)
    func `a pipeline makes layers`(example: Example) throws {
        let groups = try LayeringPipeline(parsing: example.pipeline).groups(of: .twoRoots)
        #expect(ReferenceGraph.twoRoots.paths(groups) == example.layers.map { $0.map(String.init) })
        #expect(groups.allSatisfy { $0.reason == .pipeline })
    }

    @Test
    func `what a split path shares with the root is common`() throws {
        let graph = ReferenceGraph([("A", 3, ["B", "C"]), ("B", 2, ["C"]), ("C", 1, [])])
        let pipeline = LayeringPipeline(steps: [.splitPaths([.path("B")]), .over(key: "main", .splitEvery(1))])
        #expect(graph.paths(try pipeline.groups(of: graph)) == [["B"], ["C"], ["A"]])
    }

    @Test
    func `of equal sizes the earlier item comes first`() throws {
        let graph = ReferenceGraph([("b", 1, []), ("a", 1, []), ("c", 0, [])])
        #expect(graph.paths(try LayeringPipeline(steps: []).groups(of: graph)) == [["c", "b", "a"]])
    }

    struct Misuse: Sendable, CustomTestStringConvertible {
        let pipeline: PipelineValue
        let text: String

        var testDescription: String { text }
    }

    static let misuses = [
        Misuse(
            pipeline: [["split_every", 2], ["split_every", 2]],
            text: "Cannot apply 'split_every' of the layering pipeline: expected a graph, got a list"
        ),
        Misuse(
            pipeline: [["limit_layers", 2]],
            text: "Cannot apply 'limit_layers' of the layering pipeline: expected a list, got a graph"
        ),
        Misuse(
            pipeline: [["split_paths", ["C"]], ["reverse"]],
            text: "Cannot apply 'reverse' of the layering pipeline: expected a list, got a dictionary"
        ),
        Misuse(
            pipeline: [["map", ["reverse"]]],
            text: "Cannot apply 'map' of the layering pipeline: expected a list, got a graph"
        ),
        Misuse(
            pipeline: [["reorder", ["main"]]],
            text: "Cannot apply 'reorder' of the layering pipeline: expected a dictionary, got a graph"
        ),
        Misuse(
            pipeline: [["flatten"]],
            text: "Cannot apply 'flatten' of the layering pipeline: expected a list or a dictionary, got a graph"
        ),
        Misuse(
            pipeline: [["split_paths", ["C"]], ["over", "mine", ["reverse"]]],
            text: "Cannot apply 'over' of the layering pipeline: expected the key 'mine', got 'main', 'common', 'rest'"
        ),
        Misuse(
            pipeline: [["split_every", 2], ["map", ["split_paths", ["D"]]], ["limit_layers", 1]],
            text: "Cannot apply 'limit_layers' of the layering pipeline: "
                + "expected graphs alone or lists alone to merge, got a dictionary"
        ),
    ]

    @Test(arguments: misuses)
    func `a function on what it cannot take is refused`(misuse: Misuse) throws {
        let pipeline = try LayeringPipeline(parsing: misuse.pipeline)
        let failure = #expect(throws: LayeringFailure.self) { try pipeline.groups(of: .twoRoots) }
        #expect(failure?.description == misuse.text)
    }

    @Test
    func `a list that doubles with every step is refused`() throws {
        let doubling: [PipelineValue] = Array(
            repeating: [["map", ["subcomponent_out", []]], ["flatten"]],
            count: 20
        ).flatMap { $0 }
        let pipeline = try LayeringPipeline(parsing: .array([["split_every", 6]] + doubling))
        let failure = #expect(throws: LayeringFailure.self) { try pipeline.groups(of: .twoRoots) }
        let text = "Cannot apply 'flatten' of the layering pipeline: expected at most 10006 parts, got more"
        #expect(failure?.description == text)
    }

    static let everyFunction: [PipelineValue] = [
        [["split_paths", [["children_of": "0"], "1"]], ["flatten"], ["map", ["popularity_contest"]]],
        [["subcomponent_in", ["3"]], ["over", "main", ["split_every", 2]]],
        [["popularity_contest"], ["limit_layers", 3], ["reverse"], ["map", ["subcomponent_out", ["2"]]]],
    ]

    @Test(arguments: everyFunction)
    func `every graph is divided without loss, circles included`(pipeline: PipelineValue) throws {
        let pipeline = try LayeringPipeline(parsing: pipeline)
        for seed in 0..<1000 {
            let nodes = ReferenceGraph.random(seed: seed, circles: true).nodes.enumerated().map { index, node in
                ReferenceGraph.Node(path: "\(index)", size: node.size, references: node.references)
            }
            let graph = ReferenceGraph(nodes: nodes)
            let groups = try pipeline.groups(of: graph)
            expectPartition(groups, of: graph, limit: graph.nodes.count)
            #expect(try pipeline.groups(of: graph) == groups)
        }
    }

    @Test
    func `split paths are parted as the definition says`() throws {
        for seed in 0..<1000 {
            let nodes = ReferenceGraph.random(seed: seed, circles: false).nodes.enumerated().map { index, node in
                ReferenceGraph.Node(
                    path: "\(index)",
                    size: node.size,
                    references: node.references.filter { $0 != index }
                )
            }
            guard nodes.count > 4 else { continue }
            let graph = ReferenceGraph(nodes: nodes)
            let named: Set = [seed % nodes.count, (seed / 3) % nodes.count]
            let referred = Set(nodes.flatMap(\.references))
            let roots = nodes.indices.filter { !referred.contains($0) }
            let cut = ReferenceGraph(
                nodes: nodes.map {
                    .init(path: $0.path, size: 1, references: $0.references.filter { !named.contains($0) })
                }
            )
            let (below, rest) = (graph.closure(of: named), cut.closure(of: roots.filter { !named.contains($0) }))
            let whole = roots.count == 1 && named.contains(roots[0])
            let expected =
                whole
                ? [Set(nodes.indices)] : [below.subtracting(rest), below.intersection(rest), rest.subtracting(below)]
            let pipeline = LayeringPipeline(steps: [.splitPaths(named.sorted().map { .path("\($0)") })])
            let groups = try pipeline.groups(of: graph)
            #expect(groups.map { Set($0.items) } == expected.filter { !$0.isEmpty }, "seed \(seed)")
        }
    }
}
