// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct SizeFirstLayeringTests {
    struct Budget: Sendable, CustomTestStringConvertible {
        let limit: Int
        let layers: [[String]]

        var testDescription: String { "\(limit) layers" }
    }

    static let budgets = [
        Budget(limit: 1, layers: [["app", "conf", "glibc", "icu", "idn", "libA", "libB", "zlib"]]),
        Budget(limit: 2, layers: [["glibc", "idn", "libA", "zlib"], ["app", "conf", "icu", "libB"]]),
        Budget(limit: 3, layers: [["glibc", "idn", "libA", "zlib"], ["app", "conf", "icu", "libB"]]),
        Budget(limit: 4, layers: [["glibc", "idn", "zlib"], ["libA"], ["icu", "libB"], ["app", "conf"]]),
        Budget(limit: 5, layers: [["glibc", "idn"], ["zlib"], ["libA"], ["icu", "libB"], ["app", "conf"]]),
        Budget(limit: 6, layers: [["glibc", "idn"], ["zlib"], ["icu"], ["libA"], ["libB"], ["app", "conf"]]),
        Budget(limit: 8, layers: [["conf"], ["idn"], ["glibc"], ["zlib"], ["icu"], ["libA"], ["libB"], ["app"]]),
    ]

    @Test(arguments: budgets)
    func `the biggest items own what they need`(budget: Budget) {
        let graph = ReferenceGraph.application
        let groups = SizeFirstLayering(graph: graph, limit: budget.limit).groups()
        // The order of libA and icu with libB is decided by their closures of 167 and 187 bytes.
        #expect(graph.paths(groups) == budget.layers)
    }

    @Test
    func `each layer says who owns it`() {
        let groups = SizeFirstLayering(graph: .application, limit: 4).groups()
        #expect(groups.map(\.reason) == [.dependenciesOf([1, 2]), .alone, .dependenciesOf([2]), .remainder])
    }

    @Test
    func `of equal sizes the later item is tried first`() {
        let graph = ReferenceGraph([("a", 5, ["c"]), ("b", 5, ["c"]), ("c", 1, [])])
        let groups = SizeFirstLayering(graph: graph, limit: 2).groups()
        #expect(graph.paths(groups) == [["a"], ["b", "c"]])
        #expect(groups.map(\.reason) == [.remainder, .dependenciesOf([1])])
    }

    @Test
    func `items of a layer are ordered by name and then by hash`() {
        let paths = ["/nix/store/2-b", "/nix/store/9-a-z", "/nix/store/1-b", "/nix/store/3-a", "plain"]
        let graph = ReferenceGraph(paths.map { ($0, 1, []) })
        let groups = SizeFirstLayering(graph: graph, limit: 1).groups()
        #expect(
            graph.paths(groups) == [
                ["/nix/store/3-a", "/nix/store/9-a-z", "/nix/store/1-b", "/nix/store/2-b", "plain"]
            ]
        )
    }

    @Test
    func `names are ordered by their bytes`() {
        // U+FF5E is three bytes and U+10000 four, but its surrogates come first in UTF-16; é is one character either way.
        let names = ["1-\u{10000}", "1-\u{FF5E}", "1-\u{E9}", "1-e\u{301}"]
        let graph = ReferenceGraph(nodes: names.map { .init(path: $0, size: 1) })
        let groups = SizeFirstLayering(graph: graph, limit: 1).groups()
        #expect(groups.map(\.items) == [[3, 2, 1, 0]])
    }

    @Test
    func `ignored items count but are in no layer`() {
        let groups = SizeFirstLayering(graph: .application, limit: 4, ignored: [0, 3, 4]).groups()
        #expect(ReferenceGraph.application.paths(groups) == [["idn", "zlib"], ["libA"], ["icu", "libB"]])
    }

    @Test
    func `sizes whose sum exceeds 64 bits are ordered`() {
        let graph = ReferenceGraph([("a", .max, ["b"]), ("b", .max, ["c"]), ("c", .max, [])])
        #expect(graph.paths(SizeFirstLayering(graph: graph, limit: 3).groups()) == [["c"], ["b"], ["a"]])
    }

    @Test
    func `an empty graph has no layer`() {
        #expect(SizeFirstLayering(graph: ReferenceGraph(nodes: []), limit: 3).groups() == [])
    }

    @Test(arguments: [false, true])
    func `layers are those of the definition`(circles: Bool) {
        for seed in 0..<600 {
            let graph = ReferenceGraph.random(seed: seed, circles: circles)
            for limit in [1, 2, 3, 5, 9, 30] {
                let groups = SizeFirstLayering(graph: graph, limit: limit).groups()
                #expect(
                    groups.map(\.items) == DefinitionOfSizeFirst(graph: graph, limit: limit).layers(),
                    "seed \(seed), limit \(limit)"
                )
                expectPartition(groups, of: graph, limit: limit)
            }
        }
    }
}
