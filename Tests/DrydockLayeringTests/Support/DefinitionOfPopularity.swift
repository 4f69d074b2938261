// SPDX-License-Identifier: Apache-2.0

import DrydockLayering

/// The popularity of ``PopularityLayering`` straight from its definition, with a table of scores for each item.
struct DefinitionOfPopularity {
    private let references: [[Int]]
    private var contests: [Int: [Int: Int]] = [:]

    /// The definition on a graph without circles.
    init(graph: ReferenceGraph) {
        references = graph.nodes.enumerated().map { index, node in node.references.filter { $0 != index } }
    }

    mutating func scores() -> [Int: Int] {
        let referred = Set(references.joined())
        return contest(references.indices.filter { !referred.contains($0) })
    }

    private mutating func contest(_ children: [Int]) -> [Int: Int] {
        var scores: [Int: Int] = [:]
        for child in children {
            scores[child, default: 0] += 1
            for (item, score) in contest(of: child) { scores[item, default: 0] += score + 1 }
        }
        return scores
    }

    private mutating func contest(of item: Int) -> [Int: Int] {
        if let known = contests[item] { return known }
        let contest = contest(references[item])
        contests[item] = contest
        return contest
    }

    /// The name with the hash behind it.
    static func key(of path: String) -> String {
        var parts = path.split(separator: "-", omittingEmptySubsequences: false)
        parts.append(parts.removeFirst())
        return parts.joined(separator: "-")
    }
}
