// SPDX-License-Identifier: Apache-2.0

import DrydockLayering

extension ReferenceGraph {
    /// An application of one's own over packages from elsewhere, in bytes.
    static func service(revision: String = "1", openssl: String = "1", knowsOwn: Bool = true) -> ReferenceGraph {
        let megabyte: Int64 = 1_048_576
        let items: [(name: String, size: Int64, references: [String], isOwn: Bool)] = [
            ("conf\(revision)", 20_000, ["app\(revision)", "bash"], true),
            ("app\(revision)", 24 * megabyte, ["applib", "bash", "python\(openssl)", "cacert"], true),
            ("applib", 2 * megabyte, ["zlib"], true),
            ("python\(openssl)", 110 * megabyte, ["openssl\(openssl)", "glibc", "ncurses", "sqlite", "zlib"], false),
            ("openssl\(openssl)", 6 * megabyte, ["glibc"], false),
            ("sqlite", 1_600_000, ["glibc", "zlib"], false),
            ("bash", 1_500_000, ["glibc", "ncurses"], false),
            ("ncurses", 12 * megabyte, ["glibc"], false),
            ("zlib", 130_000, ["glibc"], false),
            ("glibc", 30 * megabyte, ["glibc", "idn"], false),
            ("idn", 300_000, [], false),
            ("cacert", 500_000, [], false),
        ]
        let positions = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1.name, $0) })
        return ReferenceGraph(
            nodes: items.map { item in
                Node(
                    path: item.name,
                    size: item.size,
                    references: item.references.compactMap { positions[$0] },
                    isOwn: knowsOwn && item.isOwn
                )
            }
        )
    }

    /// A closure of up to 40 paths without circles, with several outputs of some derivations, own ones above the others.
    static func randomClosure(seed: Int) -> ReferenceGraph {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...40, using: &generator)
        let ownFrom = Int.random(in: (count / 2)...(count + 4), using: &generator)
        var origin = 0
        return ReferenceGraph(
            nodes: (0..<count).map { index in
                // An own derivation has no output that is not one's own.
                let isSecond = index != ownFrom && Int.random(in: 0..<6, using: &generator) == 0
                if !isSecond { origin = index }
                let targets = origin == 0 ? [] : (0..<3).map { _ in Int.random(in: 0..<origin, using: &generator) }
                let magnitude = Int64(1) << Int64.random(in: 0...26, using: &generator)
                return Node(
                    path: "/nix/store/\(generator.next())-p\(index)",
                    size: Int64.random(in: 0...magnitude, using: &generator),
                    references: targets,
                    origin: "\(origin).drv",
                    isOwn: index >= ownFrom
                )
            }
        )
    }

    /// The graph after some items changed: all outputs of their derivations and all that reaches those have other paths.
    func updated(changing items: some Sequence<Int>, using generator: inout SeededGenerator) -> ReferenceGraph {
        var changed = Set(items)
        var hasGrown = true
        while hasGrown {
            let before = changed.count
            let origins = Set(changed.compactMap { nodes[$0].origin })
            for (index, node) in nodes.enumerated() {
                let reaches = node.references.contains(where: changed.contains)
                if reaches || node.origin.map(origins.contains) == true { changed.insert(index) }
            }
            hasGrown = changed.count > before
        }
        var after = nodes
        for item in changed.sorted() {
            let name = after[item].path.split(separator: "-", maxSplits: 1).last ?? ""
            after[item].path = "/nix/store/\(generator.next())-\(name)"
        }
        return ReferenceGraph(nodes: after)
    }

    /// The same graph with its items in another order.
    func shuffled(using generator: inout SeededGenerator) -> ReferenceGraph {
        let order = nodes.indices.shuffled(using: &generator)
        var positions = Array(repeating: 0, count: nodes.count)
        for (position, item) in order.enumerated() { positions[item] = position }
        return ReferenceGraph(
            nodes: order.map { item in
                var node = nodes[item]
                node.references = node.references.map { positions[$0] }
                return node
            }
        )
    }
}
