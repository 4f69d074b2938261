// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Foundation

/// How much of a processor's time a plan takes; others who use the machine make no difference to that.
enum PlanningTime {
    private static let repetitions = 5
    private static let limit = 100

    /// A table of the shortest of several times, for graphs of these numbers of paths.
    static func report(paths: [Int]) throws -> String {
        var lines = ["| paths | references | stable | a tenth changed, with previous |", "|---|---|---|---|"]
        for count in paths {
            let graph = graph(paths: count, generation: 0)
            let changed = self.graph(paths: count, generation: 1)
            let previous = try groups(graph, previous: []).map { $0.items.map { graph.nodes[$0].path } }
            let first = try shortest { _ = try groups(graph, previous: []) }
            let second = try shortest { _ = try groups(changed, previous: previous) }
            let references = graph.nodes.reduce(0) { $0 + $1.references.count }
            lines.append("| \(count) | \(references) | \(milliseconds(first)) | \(milliseconds(second)) |")
        }
        return lines.joined(separator: "\n")
    }

    private static func groups(_ graph: ReferenceGraph, previous: [[String]]) throws -> [LayerGroup] {
        try LayeringRequest(graph: graph, algorithm: .stable, limit: limit, previous: previous).groups()
    }

    /// In seconds.
    private static func shortest(_ plan: () throws -> Void) throws -> Double {
        var shortest = Double.infinity
        for _ in 0..<repetitions {
            let start = clock()
            try plan()
            shortest = min(shortest, Double(clock() - start) / Double(CLOCKS_PER_SEC))
        }
        return shortest
    }

    private static func milliseconds(_ seconds: Double) -> String { String(format: "%.0f ms", seconds * 1000) }

    /// Paths that refer to earlier ones, most often to the earliest; in each generation a tenth is another.
    private static func graph(paths: Int, generation: Int) -> ReferenceGraph {
        var random = SeededRandom(seed: 7)
        return ReferenceGraph(
            nodes: (0..<paths).map { number in
                let isChanged = random.isTrue(withProbability: 0.1)
                let digits = String(random.next() &+ (isChanged ? UInt64(generation) : 0), radix: 16)
                let count = number == 0 ? 0 : min(1 + Int(random.pareto(1.35) * 1.6), 40)
                let references = (0..<count).map { _ in Int(pow(random.unit(), 3) * Double(number)) }
                return ReferenceGraph.Node(
                    path: "/nix/store/\(String(repeating: "0", count: 32 - digits.count))\(digits)-p\(number)",
                    size: Int64(min(random.logNormal(median: 450 * Universe.kilobyte, sigma: 1.85), 4e8)),
                    references: Array(Set(references)).sorted(),
                    isOwn: number == paths - 1
                )
            }
        )
    }
}
