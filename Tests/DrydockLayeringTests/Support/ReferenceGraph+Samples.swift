// SPDX-License-Identifier: Apache-2.0

import DrydockLayering

extension ReferenceGraph {
    /// A graph of items, each with its path, size and the paths that it refers to.
    init(_ items: [(path: String, size: Int64, references: [String])]) {
        let positions = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1.path, $0) })
        self.init(
            nodes: items.map { item in
                Node(path: item.path, size: item.size, references: item.references.compactMap { positions[$0] })
            }
        )
    }

    /// An application with two libraries of much in common; one item refers to itself.
    static let application = ReferenceGraph([
        ("app", 10, ["libA", "libB", "conf"]),
        ("libA", 100, ["glibc", "zlib"]),
        ("libB", 80, ["glibc", "zlib", "icu"]),
        ("conf", 1, []),
        ("glibc", 60, ["glibc", "idn"]),
        ("zlib", 5, ["glibc"]),
        ("icu", 40, ["glibc"]),
        ("idn", 2, []),
    ])

    /// A small graph in which F can be reached in several ways.
    static let letters = ReferenceGraph([
        ("A", 1, ["B", "G"]), ("B", 1, ["C", "E"]), ("C", 1, ["D", "E"]), ("D", 1, ["F"]), ("E", 1, ["F"]),
        ("F", 1, []), ("G", 1, []),
    ])

    /// Two roots, A and F; the items by ascending size are F, E, D, C, B, A.
    static let twoRoots = ReferenceGraph([
        ("A", 30, ["B", "C"]), ("B", 20, ["D"]), ("C", 10, ["D", "E"]), ("D", 5, []), ("E", 4, ["E"]), ("F", 1, []),
    ])

    /// A graph of up to 25 items, among them equal sizes, empty items, references of items to themselves and own items.
    ///
    /// Without circles an item refers to itself and later ones alone.
    static func random(seed: Int, circles: Bool) -> ReferenceGraph {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...25, using: &generator)
        let density = Double.random(in: 0...0.4, using: &generator)
        let names = ["lib", "lib-data", "app", "x", "é"]
        return ReferenceGraph(
            nodes: (0..<count).map { index in
                let targets = (0..<count).filter { circles || $0 >= index }
                let name = names.randomElement(using: &generator) ?? ""
                return Node(
                    path: "/nix/store/\(UInt8.random(in: 0...9, using: &generator))\(index)-\(name)",
                    size: Int64.random(in: 0...12, using: &generator),
                    references: targets.filter { _ in Double.random(in: 0..<1, using: &generator) < density },
                    isOwn: Int.random(in: 0..<6, using: &generator) == 0
                )
            }
        )
    }

    /// A graph of many items in clusters that do not refer to each other, except for one long chain at its start.
    static func large(count: Int, cluster: Int, chain: Int) -> ReferenceGraph {
        var generator = SeededGenerator(seed: count)
        return ReferenceGraph(
            nodes: (0..<count).map { index in
                let end = index < chain ? chain : min(count, (index / cluster + 1) * cluster)
                let later = (index + 1)..<max(end, index + 1)
                let references =
                    index < chain
                    ? Array(later.prefix(1))
                    : later.isEmpty ? [] : (0..<4).map { _ in Int.random(in: later, using: &generator) }
                let size = Int64.random(in: 0...1_000_000, using: &generator)
                return Node(
                    path: "/nix/store/\(index)-item",
                    size: size,
                    references: references,
                    isOwn: index % 97 == 0
                )
            }
        )
    }

    /// The items that no other refers to.
    var roots: Set<Int> {
        let referredTo = nodes.enumerated().flatMap { item, node in node.references.filter { $0 != item } }
        return Set(nodes.indices).subtracting(referredTo)
    }

    /// The paths of each layer.
    func paths(_ groups: [LayerGroup]) -> [[String]] {
        groups.map { group in group.items.map { nodes[$0].path } }
    }

    /// All that an item reaches, itself included, by the definition.
    func closure(of items: some Sequence<Int>) -> Set<Int> {
        var closure = Set(items)
        var open = Array(closure)
        while let item = open.popLast() {
            for target in nodes[item].references where closure.insert(target).inserted { open.append(target) }
        }
        return closure
    }
}
