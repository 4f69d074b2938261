// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The algorithms' traffic over several histories, in multiples of the bound.
struct Comparison {
    /// One workload with one number of layers.
    private struct Case: Hashable {
        let workload: String
        let limit: Int
    }

    /// The traffic of one history in multiples of the bound.
    private struct Multiple {
        let byDigest: Double
        let byChain: Double
    }

    /// Why a comparison means nothing.
    enum Failure: Error {
        /// An algorithm made more layers than it might.
        case tooManyLayers(String, Int)
    }

    private let planners: [Planner]
    private var cases: [Case] = []
    private var multiples: [Case: [String: [Multiple]]] = [:]

    init(planners: [Planner]) {
        self.planners = planners
    }

    /// Plans every image of a history with every algorithm.
    mutating func add(_ history: History, limits: [Int]) throws {
        let bound = try Traffic(of: history, planner: .bound, limit: .max).byDigest
        for limit in limits {
            let key = Case(workload: history.name, limit: limit)
            if multiples[key] == nil { cases.append(key) }
            for planner in planners {
                let traffic = try Traffic(of: history, planner: planner, limit: limit)
                guard traffic.mostLayers <= limit else { throw Failure.tooManyLayers(planner.name, limit) }
                multiples[key, default: [:]][planner.name, default: []].append(
                    Multiple(
                        byDigest: traffic.byDigest / bound,
                        byChain: traffic.byChain / bound
                    )
                )
            }
        }
    }

    /// The tables: geometric means over the histories of a workload.
    func report() -> String {
        """
        Bytes sent again in multiples of one layer for each path, by clients that know a layer by its digest:

        \(table { $0.byDigest })

        The same, by clients that know a layer by the chain below it (in multiples of the same bound):

        \(table { $0.byChain })

        Bytes of all runs beside those of other algorithms (geometric mean; worst), by digest / by chain:

        \(ratios())
        """
    }

    private func table(_ value: (Multiple) -> Double) -> String {
        let head = ["algorithm"] + cases.map { "\($0.workload), \($0.limit)" } + ["worst"]
        let rows = planners.map { planner in
            let values = cases.map { multiples[$0]?[planner.name]?.map(value) ?? [] }
            let cells = values.map(Self.mean) + [values.joined().max() ?? .nan]
            return [planner.name] + cells.map { String(format: "%.2f", $0) }
        }
        return Self.markdown([head] + rows)
    }

    /// How Drydock's algorithm compares with the ones that others use.
    private func ratios() -> String {
        let others = planners.filter { !$0.isStable }
        let rows = planners.filter(\.isStable).map { planner in
            [planner.name] + others.map { cell(planner, beside: $0) }
        }
        return Self.markdown([["algorithm"] + others.map(\.name)] + rows)
    }

    private func cell(_ planner: Planner, beside other: Planner) -> String {
        let pairs = cases.flatMap { key in
            zip(multiples[key]?[planner.name] ?? [], multiples[key]?[other.name] ?? [])
        }
        let digest = pairs.map { $0.byDigest / $1.byDigest }
        let chain = pairs.map { $0.byChain / $1.byChain }
        return [digest, chain].map { String(format: "%.2f (%.2f)", Self.mean($0), $0.max() ?? .nan) }
            .joined(separator: " / ")
    }

    private static func markdown(_ rows: [[String]]) -> String {
        var lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
        if let head = rows.first { lines.insert("|" + String(repeating: "---|", count: head.count), at: 1) }
        return lines.joined(separator: "\n")
    }

    /// The geometric mean.
    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
    }
}
