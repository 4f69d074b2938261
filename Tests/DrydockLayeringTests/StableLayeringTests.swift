// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

/// Exact layers of small graphs.
@Suite
struct StableLayeringTests {
    /// The layers of the service for five layers, which the documentation explains.
    private static let five = [
        ["glibc", "idn"], ["python1", "sqlite", "zlib"], ["bash", "cacert", "ncurses", "openssl1"], ["app1", "applib"],
        ["conf1"],
    ]

    private func groups(_ graph: ReferenceGraph, _ limit: Int, _ previous: [[String]] = []) -> [LayerGroup] {
        StableLayering(graph: graph, limit: limit, previous: previous).groups()
    }

    private func layers(_ graph: ReferenceGraph, _ limit: Int, _ previous: [[String]] = []) -> [[String]] {
        graph.paths(groups(graph, limit, previous))
    }

    @Test
    func `five layers keep apart what changes apart`() {
        #expect(layers(.service(), 5) == Self.five)
        #expect(
            groups(.service(), 5).map(\.reason) == [
                .changesTogether, .changesTogether, .changesTogether, .volatile, .volatile,
            ]
        )
    }

    @Test
    func `two layers are what comes from elsewhere and what is one's own`() {
        let elsewhere = ["bash", "cacert", "glibc", "idn", "ncurses", "openssl1", "python1", "sqlite", "zlib"]
        #expect(layers(.service(), 2) == [elsewhere, ["app1", "applib", "conf1"]])
    }

    @Test
    func `one layer holds everything`() {
        let groups = groups(.service(), 1)
        #expect(groups.map(\.reason) == [.remainder])
        #expect(groups.map(\.items.count) == [12])
    }

    @Test
    func `a layer that is not worth its requests is not made`() {
        let expected = [
            ["glibc"], ["ncurses"], ["openssl1"], ["idn"], ["sqlite", "zlib"], ["python1"], ["bash"], ["cacert"],
            ["applib"], ["app1"], ["conf1"],
        ]
        #expect(layers(.service(), 20) == expected)
        #expect(groups(.service(), 20)[0].reason == .alone)
    }

    @Test
    func `without knowing what is one's own, roots and what only they need count as such`() {
        let expected = [
            ["glibc", "idn", "ncurses", "openssl1"], ["python1"], ["applib", "bash", "cacert", "sqlite", "zlib"],
            ["app1"],
            ["conf1"],
        ]
        #expect(layers(.service(knowsOwn: false), 5) == expected)
    }

    @Test
    func `where everything is one's own, that says nothing`() {
        let nodes = ReferenceGraph.service().nodes.map { node in
            var node = node
            node.isOwn = true
            return node
        }
        #expect(layers(ReferenceGraph(nodes: nodes), 5) == layers(.service(knowsOwn: false), 5))
    }

    @Test
    func `a build changes the layers of what it built`() {
        let groups = groups(.service(revision: "2"), 5, Self.five)
        #expect(
            ReferenceGraph.service(revision: "2").paths(groups)
                == Self.five[..<3] + [["app2", "applib"], ["conf2"]]
        )
        #expect(groups[..<3].map(\.reason) == (0..<3).map { .kept(previousLayer: $0) })
    }

    @Test
    func `a bump leaves the layers below what changed`() {
        let expected = [
            ["glibc", "idn"], ["python2", "sqlite", "zlib"], ["bash", "cacert", "ncurses", "openssl2"],
            ["app2", "applib"], ["conf2"],
        ]
        let groups = groups(.service(revision: "2", openssl: "2"), 5, Self.five)
        #expect(ReferenceGraph.service(revision: "2", openssl: "2").paths(groups) == expected)
        #expect(groups.map(\.reason).prefix(2) == [.kept(previousLayer: 0), .changesTogether])
    }

    @Test
    func `a layer that stays has its paths in order, whatever the previous image said`() {
        let graph = ReferenceGraph([("b", 1, []), ("a", 1, []), ("c", 1, [])])
        #expect(layers(graph, 3, [["c", "b", "b"], ["a"]]) == [["b", "c"], ["a"]])
    }

    @Test
    func `new ordinary layers lie below the volatile ones that stay`() {
        var graph = ReferenceGraph.service(revision: "2", openssl: "2")
        let previous = layers(graph, 5)
        #expect(previous.last == ["conf2"])
        graph = ReferenceGraph(nodes: graph.nodes + [.init(path: "new", size: 50_000_000)])
        let groups = groups(graph, 7, previous)
        #expect(graph.paths(groups) == previous[..<3] + [["new"]] + previous[3...])
        #expect(groups.map(\.reason) == [0, 1, 2, nil, 3, 4].map { $0.map { .kept(previousLayer: $0) } ?? .alone })
    }

    @Test
    func `paths that are gone break their layer and no other`() {
        let previous = [["gone"], ["glibc", "idn"], ["bash", "also gone"]]
        let groups = groups(.service(), 5, previous)
        #expect(groups[0].reason == .kept(previousLayer: 1))
        #expect(groups.dropFirst().allSatisfy { if case .kept = $0.reason { false } else { true } })
        expectPartition(groups, of: .service(), limit: 5)
    }

    @Test
    func `of two previous layers with one path the first stays`() {
        let graph = ReferenceGraph([("a", 1, []), ("b", 1, []), ("c", 1, [])])
        let groups = groups(graph, 3, [["a", "b"], ["b", "c"]])
        #expect(graph.paths(groups) == [["a", "b"], ["c"]])
        #expect(groups.map(\.reason) == [.kept(previousLayer: 0), .volatile])
    }

    @Test
    func `an empty previous layer is no layer`() {
        let groups = groups(.service(), 5, [[]] + Self.five + [[]])
        #expect(groups.map(\.reason) == (1...5).map { .kept(previousLayer: $0) })
    }

    @Test
    func `of more previous layers than allowed the smallest are put together`() {
        let graph = ReferenceGraph([("a", 4, ["b", "c", "d"]), ("b", 3, []), ("c", 2, []), ("d", 1, [])])
        let groups = groups(graph, 3, [["c"], ["b"], ["d"], ["a"]])
        #expect(graph.paths(groups) == [["b"], ["a"], ["c", "d"]])
        #expect(groups.map(\.reason) == [.kept(previousLayer: 1), .kept(previousLayer: 3), .volatile])
    }

    @Test
    func `outputs of one derivation share a layer`() {
        let graph = ReferenceGraph(
            nodes: [
                .init(path: "out", size: 50_000_000, origin: "a.drv"),
                .init(path: "dev", size: 9_000_000, origin: "a.drv"),
                .init(path: "other", size: 9_000_000),
                .init(path: "root", size: 9_000_000, references: [0, 1, 2], isOwn: true),
            ]
        )
        #expect(layers(graph, 10) == [["dev", "out"], ["other"], ["root"]])
    }

    @Test
    func `small roots share no layer although that would save requests`() {
        let graph = ReferenceGraph([
            ("redis", 1_000_000, ["glibc"]), ("hello", 60_000, ["glibc"]), ("tini", 20_000, ["glibc"]),
            ("glibc", 30_000_000, []),
        ])
        #expect(layers(graph, 100) == [["glibc"], ["redis"], ["hello"], ["tini"]])
        // Half of five layers, rounded up, are for roots; of four only two.
        #expect(layers(graph, 4) == [["glibc"], ["redis"], ["hello"], ["tini"]])
        #expect(layers(graph, 3) == [["glibc"], ["redis"], ["hello", "tini"]])
    }

    @Test
    func `signed roots share no layer either`() {
        let graph = ReferenceGraph(
            nodes: [
                .init(path: "hello", size: 60_000, references: [3]), .init(path: "tini", size: 20_000, references: [3]),
                .init(path: "app", size: 20_000, references: [3], isOwn: true), .init(path: "glibc", size: 30_000_000),
            ]
        )
        #expect(Set(layers(graph, 100)) == [["glibc"], ["hello"], ["tini"], ["app"]])
    }

    @Test
    func `items that refer to each other share a layer`() {
        let graph = ReferenceGraph([
            ("a", 9_000_000, ["b"]), ("b", 9_000_000, ["c"]), ("c", 9_000_000, ["a"]), ("d", 9_000_000, ["a"]),
        ])
        #expect(layers(graph, 10) == [["a", "b", "c"], ["d"]])
    }

    @Test
    func `paths are in the order of their bytes`() {
        // Composed and decomposed, "é" is one character but not one path.
        let names = ["z", "e\u{301}", "\u{e9}", "e"]
        let graph = ReferenceGraph(nodes: names.map { .init(path: $0, size: 1) })
        let paths = layers(graph, 1)[0].map { Array($0.utf8) }
        #expect(paths == ["e", "e\u{301}", "z", "\u{e9}"].map { Array($0.utf8) })
    }

    @Test
    func `sizes whose sum is too large for an integer do no harm`() {
        let graph = ReferenceGraph([("a", .max, ["b"]), ("b", .max, ["c"]), ("c", .max, [])])
        #expect(layers(graph, 2, [["a", "c"]]) == [["a", "c"], ["b"]])
        #expect(layers(graph, 1).map(\.count) == [3])
    }

    @Test
    func `no layer at all is a mistake of the caller`() async {
        await #expect(processExitsWith: .failure) {
            _ = StableLayering(graph: .application, limit: 0)
        }
    }
}
