// SPDX-License-Identifier: Apache-2.0

extension LayeringPipeline {
    /// The layers that the pipeline makes of a graph, the lowest first.
    ///
    /// - Throws: If a function is given what it cannot take, or its popularity contest is too big.
    public func groups(of graph: ReferenceGraph) throws(LayeringFailure) -> [LayerGroup] {
        let result = try PipelineEvaluation(graph).apply(steps, to: .graph(PipelineGraph(graph)))
        return result.graphs.filter { $0.count > 0 }.map { LayerGroup(items: $0.items, reason: .pipeline) }
    }
}

/// The functions of a pipeline on the parts of one graph.
struct PipelineEvaluation {
    typealias Member = PipelinePart.Member

    /// How many graphs more than items a flattened list may have.
    ///
    /// Subcomponents may be empty, so that the number of graphs could double with every step.
    private static let emptyPartLimit = 10_000

    private let graph: ReferenceGraph
    /// The item of each path.
    private let items: [String: Int]

    init(_ graph: ReferenceGraph) {
        self.graph = graph
        items = Dictionary(graph.nodes.enumerated().map { ($1.path, $0) }) { first, _ in first }
    }

    /// Does steps one after the other.
    func apply(_ steps: [LayeringPipeline.Step], to part: PipelinePart) throws(LayeringFailure) -> PipelinePart {
        var part = part
        for step in steps { part = try apply(step, to: part) }
        return part
    }

    private func apply(_ step: LayeringPipeline.Step, to part: PipelinePart) throws(LayeringFailure) -> PipelinePart {
        switch step {
        case .popularityContest: .list(try contest(part.graph(for: "popularity_contest")))
        case .splitEvery(let count): .list(split(try part.graph(for: "split_every"), every: count))
        case .limitLayers(let count): .list(try limit(part.list(for: "limit_layers"), to: count))
        case .reverse: .list(try part.list(for: "reverse").reversed())
        case .flatten: .list(try flatten(part))
        case .removePaths(let paths): .graph(remove(paths, from: try part.graph(for: "remove_paths")))
        case .map(let step): .list(try map(step, over: part.list(for: "map")))
        case .over(let key, let step): .dictionary(try apply(step, at: key, of: part.dictionary(for: "over")))
        case .pipe(let steps): try apply(steps, to: part)
        case .subcomponentOut(let paths):
            subcomponents(of: try part.graph(for: "subcomponent_out"), from: paths, backwards: false)
        case .subcomponentIn(let paths):
            subcomponents(of: try part.graph(for: "subcomponent_in"), from: paths, backwards: true)
        case .splitPaths(let selections): split(try part.graph(for: "split_paths"), off: selections)
        case .reorder(let keys): .dictionary(reorder(try part.dictionary(for: "reorder"), by: keys))
        }
    }

    // MARK: - Functions on graphs

    private func contest(_ graph: PipelineGraph) throws(LayeringFailure) -> [PipelinePart] {
        guard let popularity = Popularity(in: graph.edges) else {
            throw LayeringFailure(.popularityTooBig(count: graph.count))
        }
        let paths = graph.items.map { self.graph.nodes[$0].path }
        let order = popularity.order(ranks: PathOrder(of: paths, by: .hashMovedToEnd).ranks)
        var part = Array(repeating: Int?.none, count: graph.count)
        for (place, vertex) in order.enumerated() { part[vertex] = place }
        return graph.parts(graph.count, of: part).map { .graph($0) }
    }

    private func split(_ graph: PipelineGraph, every count: Int) -> [PipelinePart] {
        let part = (0..<graph.count).map { Int?($0 / count) }
        let parts = graph.count == 0 ? 0 : (graph.count - 1) / count + 1
        return graph.parts(parts, of: part).map { .graph($0) }
    }

    private func remove(_ paths: [String], from graph: PipelineGraph) -> PipelineGraph {
        graph.divided(by: vertices(paths, of: graph)).outside
    }

    private func subcomponents(of graph: PipelineGraph, from paths: [String], backwards: Bool) -> PipelinePart {
        let edges = backwards ? graph.edges.reversed() : graph.edges
        let (main, rest) = graph.divided(by: edges.reachable(from: vertices(paths, of: graph)))
        return .dictionary([Member(key: "main", part: .graph(main)), Member(key: "rest", part: .graph(rest))])
    }

    private func split(_ graph: PipelineGraph, off selections: [LayeringPipeline.PathSelection]) -> PipelinePart {
        let named = selections.flatMap { selection in
            switch selection {
            case .path(let path): vertices([path], of: graph)
            case .childrenOf(let paths): vertices(paths, of: graph).flatMap { graph.edges[$0] }
            }
        }
        guard !named.isEmpty else { return .dictionary([Member(key: "rest", part: .graph(graph))]) }
        let roots = graph.roots()
        if roots.count == 1, named.contains(roots[0]) {
            return .dictionary([Member(key: "main", part: .graph(graph))])
        }
        let remaining = graph.removingEdges(into: named)
        let isNamed = Set(named)
        // Every vertex is reached: by a root, or by the named vertex at which the way from a root was cut.
        var part = Array(repeating: Int?.none, count: graph.count)
        for vertex in graph.edges.reachable(from: named) { part[vertex] = 0 }
        for vertex in remaining.edges.reachable(from: roots.filter { !isNamed.contains($0) }) {
            part[vertex] = part[vertex] == 0 ? 1 : 2
        }
        let members = zip(["main", "common", "rest"], remaining.parts(3, of: part))
        return .dictionary(members.filter { $1.count > 0 }.map { Member(key: $0, part: .graph($1)) })
    }

    /// The vertices with these paths, as far as the graph has them.
    private func vertices(_ paths: [String], of graph: PipelineGraph) -> [Int] {
        graph.vertices(of: paths.compactMap { items[$0] })
    }

    // MARK: - Functions on lists and dictionaries

    private func limit(_ list: [PipelinePart], to count: Int) throws(LayeringFailure) -> [PipelinePart] {
        let others = Array(list.dropFirst(count - 1))
        guard let first = others.first else { return list }
        return list.prefix(count - 1) + [try merge(others, like: first)]
    }

    private func merge(_ parts: [PipelinePart], like first: PipelinePart) throws(LayeringFailure) -> PipelinePart {
        var graphs: [PipelineGraph] = []
        var lists: [PipelinePart] = []
        for part in parts {
            switch (first, part) {
            case (.graph, .graph(let graph)): graphs.append(graph)
            case (.list, .list(let parts)): lists.append(contentsOf: parts)
            default: throw part.refusal(of: "limit_layers", expected: "graphs alone or lists alone to merge")
            }
        }
        return if case .graph = first { .graph(.union(of: graphs)) } else { .list(lists) }
    }

    private func flatten(_ part: PipelinePart) throws(LayeringFailure) -> [PipelinePart] {
        if case .graph = part { throw part.refusal(of: "flatten", expected: "a list or a dictionary") }
        let graphs = part.graphs
        let limit = graph.nodes.count + PipelineEvaluation.emptyPartLimit
        guard graphs.count <= limit else {
            throw LayeringFailure(.pipeline(.tooManyParts(function: "flatten", limit: limit)))
        }
        return graphs.map { .graph($0) }
    }

    private func map(
        _ step: LayeringPipeline.Step,
        over list: [PipelinePart]
    ) throws(LayeringFailure) -> [PipelinePart] {
        var results: [PipelinePart] = []
        for part in list { results.append(try apply(step, to: part)) }
        return results
    }

    private func apply(
        _ step: LayeringPipeline.Step,
        at key: String,
        of members: [Member]
    ) throws(LayeringFailure) -> [Member] {
        guard let position = members.firstIndex(where: { $0.key == key }) else {
            throw LayeringFailure(.pipeline(.missingKey(function: "over", key: key, actual: members.map(\.key))))
        }
        var members = members
        members[position].part = try apply(step, to: members[position].part)
        return members
    }

    private func reorder(_ members: [Member], by keys: [String]) -> [Member] {
        var others = members
        var first: [Member] = []
        for key in keys {
            guard let position = others.firstIndex(where: { $0.key == key }) else { continue }
            first.append(others.remove(at: position))
        }
        return first + others
    }
}
