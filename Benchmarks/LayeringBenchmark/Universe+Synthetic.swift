// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Universe {
    private static let packages = 4000

    /// What nearly every closure contains: name, megabytes, references.
    private static let core: [(name: String, megabytes: Double, references: Set<Int>)] = [
        ("glibc", 30, []), ("libunistring", 1.8, []), ("libidn2", 0.3, [1]), ("gcc-lib", 9, [0]), ("bash", 1.6, [0]),
        ("zlib", 0.13, [0]), ("openssl", 6, [0]), ("ncurses", 12, [0]), ("readline", 0.5, [0, 7]), ("xz", 0.8, [0]),
        ("bzip2", 0.1, [0]), ("coreutils", 2.1, [0]), ("sqlite", 1.6, [0, 5]), ("libffi", 0.08, [0]),
        ("expat", 0.25, [0]), ("cacert", 0.5, []), ("tzdata", 1.9, []),
        ("python3", 110, [0, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 16]), ("perl", 55, [0, 3]), ("icu", 38, [0, 3]),
        ("systemd-libs", 2, [0]), ("llvm-lib", 130, [0, 3, 5]),
    ]

    /// Packages that refer to what is popular already (a power law) and to their neighbours, with a long tail of sizes.
    static func synthetic(seed: UInt64) -> Universe {
        var random = SeededRandom(seed: seed)
        var universe = Universe(
            outputs: core.enumerated().map { index, package in
                Output(
                    name: package.name,
                    size: package.megabytes * megabyte,
                    references: package.references,
                    tool: .compiler,
                    derivation: index,
                    source: package.name,
                    rate: 0
                )
            }
        )
        var users = Array(repeating: 1.0, count: packages)
        for reference in universe.outputs.flatMap(\.references) { users[reference] += 1 }
        var weights = users.map { pow($0, 0.9) }
        for number in core.count..<packages {
            let output = universe.randomOutput(number: number, weights: weights, random: &random)
            for reference in output.references {
                users[reference] += 1
                weights[reference] = pow(users[reference], 0.9)
            }
            universe.outputs.append(output)
        }
        // What many others refer to changes rarely: it passes through staging.
        for number in universe.outputs.indices {
            let rate = random.logNormal(median: 1.0 / 90, sigma: 1.1) * pow(users[number], -0.6)
            universe.outputs[number].rate = min(rate, 0.5)
        }
        return universe
    }

    private func randomOutput(number: Int, weights: [Double], random: inout SeededRandom) -> Output {
        let tools: [Tool] = [.compiler, .python, .rust, .go, .fixed]
        let tool = tools[random.index(weights: [0.58, 0.2, 0.06, 0.06, 0.1], sum: 1)]
        let isTiny = random.isTrue(withProbability: 0.22)
        let size =
            isTiny
            ? random.uniform(1, 20) * Self.kilobyte
            : min(random.logNormal(median: 450 * Self.kilobyte, sigma: 1.85), 400 * Self.megabyte)
        var references: Set<Int> = tool == .fixed ? [] : [0]
        if tool == .python { references.insert(17) }
        if tool == .compiler || tool == .rust, random.isTrue(withProbability: 0.35) { references.insert(3) }
        let isLeaf = tool == .fixed && random.isTrue(withProbability: 0.7)
        let count = isLeaf ? 0 : 1 + min(Int(random.pareto(1.35) * 1.6), 40)
        let popular = weights[..<number]
        let sum = popular.reduce(0, +)
        for _ in 0..<count {
            let isPopular = random.isTrue(withProbability: 0.7)
            references.insert(
                isPopular
                    ? random.index(weights: popular, sum: sum)
                    : Int.random(in: max(0, number - 400)..<number, using: &random)
            )
        }
        // Some are a second output of the package before them.
        let last = outputs[number - 1]
        let isSecond = last.tool == tool && random.isTrue(withProbability: 0.12)
        if isSecond { references.insert(number - 1) }
        return Output(
            name: "p\(number)",
            size: size,
            references: references,
            tool: tool,
            derivation: isSecond ? last.derivation : number,
            source: isSecond ? last.source : "p\(number)",
            rate: 0
        )
    }

    /// Adds an application with at least so many packages in its closure, and gives its root.
    ///
    /// It is the code, a set of dependencies of its own, and a small output with its configuration that refers to it.
    mutating func addApplication(paths: Int, seed: UInt64, hasWrapper: Bool) -> Int {
        var random = SeededRandom(seed: seed &* 7 &+ 1)
        var references: Set<Int> = [4, 11, 15, 16]
        var candidates = Array(200..<outputs.count).shuffled(using: &random)
        while closure(of: references).count < paths, let next = candidates.popLast() { references.insert(next) }
        let half = Set(references.sorted().prefix(max(1, references.count / 2)))
        let library = add("app-deps", megabytes: random.uniform(0.2, 3), references: half)
        let code = add("app", megabytes: random.uniform(2, 40), references: references.union([library]))
        return hasWrapper ? add("app-config", megabytes: 0.02, references: [code, 4]) : code
    }

    private mutating func add(_ name: String, megabytes: Double, references: Set<Int>) -> Int {
        outputs.append(
            Output(
                name: name,
                size: megabytes * Self.megabyte,
                references: references,
                tool: .application,
                derivation: outputs.count,
                source: "app",
                rate: 0
            )
        )
        return outputs.count - 1
    }
}
