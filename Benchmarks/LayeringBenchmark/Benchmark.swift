// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Compares layering algorithms by the bytes that updates of an image send again.
@main
enum Benchmark {
    private static let usage = """
        usage: layering-benchmark [--paths N,…] [--layers N,…] [--seeds FIRST-LAST] [--updates N]
                                  [--bump-every DAYS] [--no-wrapper] [--closures DIR] [--only TEXT]
               layering-benchmark --time N,…

        Without --closures the workloads are synthetic. DIR has one reference graph in Nix's JSON for each state of an
        image, in the order of the files' names, or a folder with such files for each of several images. --bump-every 0
        is a history without bumps. --only chooses the algorithms whose names contain a text. --time measures how long
        planning takes for graphs of so many paths.
        """

    static func main() throws {
        if CommandLine.arguments.dropFirst() == ["--help"] { return print(usage) }
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            FileHandle.standardError.write(Data((usage + "\n").utf8))
            exit(64)
        }
        guard options.timed.isEmpty else {
            print(try PlanningTime.report(paths: options.timed))
            return
        }
        let planners = Planner.all.filter { planner in options.only.map { planner.name.contains($0) } ?? true }
        var comparison = Comparison(planners: planners)
        if let closures = options.closures {
            for history in try ClosureHistories.read(from: URL(fileURLWithPath: closures, isDirectory: true)) {
                try comparison.add(history, limits: options.layers)
            }
        } else {
            for paths in options.paths {
                for seed in options.seeds {
                    let history = History.synthetic(paths: paths, seed: seed, calendar: options.calendar)
                    try comparison.add(history, limits: options.layers)
                }
            }
        }
        print(comparison.report())
    }
}
