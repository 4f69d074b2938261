// SPDX-License-Identifier: Apache-2.0

/// A collection of packages as nixpkgs is one, and the images that are made of it.
///
/// An output's number is greater than the numbers of all outputs that it refers to.
struct Universe {
    /// What builds an output; what is built by one tool changes when the tool does, though nothing refers to the tool.
    enum Tool: Hashable, CaseIterable {
        case compiler
        case python
        case rust
        case go
        /// Fetched as it is: not even a new compiler changes it.
        case fixed
        /// The image's own code.
        case application
    }

    /// One output of a derivation.
    struct Output {
        var name: String
        var size: Double
        var references: Set<Int>
        var tool: Tool
        /// The first output of the same derivation.
        var derivation: Int
        /// What a distribution would call its source package.
        var source: String
        /// Changes of its own in a day.
        var rate: Double
        /// How often it has changed by itself; the first output counts for the derivation.
        var revision = 0
    }

    var outputs: [Output]
    var toolRevisions: [Tool: Int] = [:]
    /// A change of the compiler changes everything that is not fixed.
    var compilerRevision = 0

    static let kilobyte = 1024.0
    static let megabyte = 1_048_576.0

    /// The outputs that some outputs reach, ascending.
    func closure(of roots: some Sequence<Int>) -> [Int] {
        var seen: Set<Int> = []
        var open = Array(roots)
        while let output = open.popLast() {
            if seen.insert(output).inserted { open += outputs[output].references }
        }
        return seen.sorted()
    }

    /// For each output a number that changes with its derivation and everything that the derivation refers to.
    func hashes() -> [UInt64] {
        var hashes = Array(repeating: UInt64(0), count: outputs.count)
        var first = 0
        while first < outputs.count {
            var end = first + 1
            while end < outputs.count, outputs[end].derivation == first { end += 1 }
            let tool = outputs[first].tool
            var state = mixed(UInt64(first), UInt64(outputs[first].revision))
            state = mixed(state, UInt64(toolRevisions[tool, default: 0]))
            if tool != .fixed { state = mixed(state, UInt64(compilerRevision)) }
            for output in first..<end {
                for reference in outputs[output].references.sorted() where reference < first {
                    state = mixed(state, hashes[reference])
                }
            }
            for output in first..<end { hashes[output] = mixed(state, UInt64(output)) }
            first = end
        }
        return hashes
    }

    private func mixed(_ state: UInt64, _ value: UInt64) -> UInt64 {
        var random = SeededRandom(seed: state ^ (value &* 0x9e37_79b9_7f4a_7c15))
        return random.next() &+ value
    }
}
