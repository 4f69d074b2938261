// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Foundation

/// One image at successive times.
struct History {
    /// The image at one time.
    struct Image {
        /// What is put into layers.
        let graph: ReferenceGraph
        /// The same without the knowledge of what is one's own.
        let graphWithoutOwn: ReferenceGraph
        /// The source package of each node, which apko's rule goes by.
        let sources: [String]
        /// The size of each path.
        let sizes: [String: Double]

        init(graph: ReferenceGraph, sources: [String]) {
            self.graph = graph
            self.sources = sources
            graphWithoutOwn = ReferenceGraph(
                nodes: graph.nodes.map { node in
                    var node = node
                    node.isOwn = false
                    return node
                }
            )
            sizes = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.path, Double($0.size)) })
        }
    }

    let name: String
    let images: [Image]
}

extension History {
    /// What happens in a simulated history.
    struct Calendar {
        /// The number of updates; there is one a day.
        var updates = 30
        /// The days between two bumps of the packages' collection; 0 for none.
        var daysBetweenBumps = 7
        /// The day on which a new compiler changes everything.
        var compilerDay = 15
        /// Whether the root is a small output above the application, as a configuration is.
        var hasWrapper = true
    }

    /// A simulated history: an application over a synthetic collection of packages.
    static func synthetic(paths: Int, seed: UInt64, calendar: Calendar = Calendar()) -> History {
        var universe = Universe.synthetic(seed: seed)
        let root = universe.addApplication(paths: paths, seed: seed, hasWrapper: calendar.hasWrapper)
        let middle = universe.middle(below: root)
        var random = SeededRandom(seed: seed &+ 99)
        var images = [universe.image(root: root)]
        for day in 1...calendar.updates {
            universe.build(root: root, random: &random)
            if calendar.daysBetweenBumps > 0, day.isMultiple(of: calendar.daysBetweenBumps) {
                universe.bump(days: Double(calendar.daysBetweenBumps), middle: middle, random: &random)
            }
            if day == calendar.compilerDay { universe.compilerRevision += 1 }
            images.append(universe.image(root: root))
        }
        return History(name: "syn\(paths)", images: images)
    }
}

extension Universe {
    /// What the image holds now.
    fileprivate func image(root: Int) -> History.Image {
        let members = closure(of: [root])
        let hashes = hashes()
        let places = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($0.element, $0.offset) })
        let nodes = members.map { member in
            let output = outputs[member]
            return ReferenceGraph.Node(
                path: "/nix/store/\(Self.base32(hashes[member]))-\(output.name)",
                size: Int64(output.size),
                references: output.references.sorted().compactMap { places[$0] },
                origin: "\(output.derivation)",
                isOwn: output.tool == .application
            )
        }
        return History.Image(graph: ReferenceGraph(nodes: nodes), sources: members.map { outputs[$0].source })
    }

    /// Libraries that some part of the closure refers to, neither nearly all of it nor next to nothing.
    fileprivate func middle(below root: Int) -> [Int] {
        let members = closure(of: [root])
        var users: [Int: Int] = [:]
        for member in members {
            for reached in closure(of: [member]) { users[reached, default: 0] += 1 }
        }
        return members.filter { member in
            let share = Double(users[member, default: 0]) / Double(members.count)
            return outputs[member].tool != .application && (0.02...0.35).contains(share)
        }
    }

    /// A day's build: the root and the application change, now and then its dependencies.
    fileprivate mutating func build(root: Int, random: inout SeededRandom) {
        outputs[root].revision += 1
        for reference in outputs[root].references.sorted() where outputs[reference].tool == .application {
            outputs[reference].revision += 1
            outputs[reference].size *= exp(random.normal() * 0.01)
        }
        for member in closure(of: [root]) where outputs[member].name == "app-deps" {
            if random.isTrue(withProbability: 1.0 / 15) { outputs[member].revision += 1 }
        }
    }

    /// A new state of the collection: one library in the middle for certain, others at their rates, sometimes all that one
    /// tool builds, and a dependency that comes or goes.
    fileprivate mutating func bump(days: Double, middle: [Int], random: inout SeededRandom) {
        guard let library = middle.randomElement(using: &random) else { return }
        change(library, random: &random)
        for output in outputs.indices where outputs[output].tool != .application {
            if random.isTrue(withProbability: 1 - exp(-days * outputs[output].rate)) { change(output, random: &random) }
        }
        if random.isTrue(withProbability: 0.5), let tool = [Tool.go, .rust, .python].randomElement(using: &random) {
            toolRevisions[tool, default: 0] += 1
        }
        for _ in 0..<2 {
            guard let output = middle.randomElement(using: &random) else { return }
            let own = outputs[output].references.sorted().dropFirst()
            if own.count > 1, random.isTrue(withProbability: 0.5), let gone = own.randomElement(using: &random) {
                outputs[output].references.remove(gone)
            } else {
                let derivation = outputs[output].derivation
                if derivation > 0 { outputs[output].references.insert(Int.random(in: 0..<derivation, using: &random)) }
            }
            change(output, random: &random)
        }
    }

    private mutating func change(_ output: Int, random: inout SeededRandom) {
        outputs[outputs[output].derivation].revision += 1
        outputs[output].size *= exp(random.normal() * 0.03)
    }

    /// 32 digits as Nix has them in a store path.
    private static func base32(_ hash: UInt64) -> String {
        let digits = Array("0123456789abcdfghijklmnpqrsvwxyz")
        var random = SeededRandom(seed: hash)
        return String((0..<32).map { _ in digits[Int(random.next() >> 59)] })
    }
}
