// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The closures, stores and layers that the tests of Nix images compare with.
@Suite
struct NixHarnessTests {
    @Test(
        .requiresClosures,
        arguments: [
            Program(name: "hello", arguments: [], output: "Hello, world!"),
            Program(name: "redis", command: "redis-server", arguments: ["--version"], output: "Redis server v="),
            Program(name: "vim", arguments: ["--version"], output: "VIM - Vi IMproved"),
            Program(name: "emacs", arguments: ["--batch", "--eval", "(princ (* 6 7))"], output: "42"),
            Program(name: "git", arguments: ["--version"], output: "git version"),
            Program(name: "nix", command: "nix-store", arguments: ["--version"], output: "nix-store (Nix)"),
            Program(name: "python3", arguments: ["-c", "import ssl, sqlite3; print(6 * 7)"], output: "42"),
        ]
    )
    func `a program of the store needs nothing of the host`(_ program: Program) async throws {
        let path = try await NixClosures.shared.path(program.name)
        let text = try await Command.check(
            ["\(path)/bin/\(program.command)"] + program.arguments,
            environment: ["PATH": "/nonexistent", "HOME": "/nonexistent"]
        )
        #expect(text.hasPrefix(program.output))
    }

    struct Program: Sendable, CustomTestStringConvertible {
        let name: String
        let command: String
        let arguments: [String]
        let output: String
        var testDescription: String { name }

        init(name: String, command: String? = nil, arguments: [String], output: String) {
            self.name = name
            self.command = command ?? name
            self.arguments = arguments
            self.output = output
        }
    }

    @Test(.requiresClosures)
    func `an update changes a package and all that refer to it`() async throws {
        let (before, after) = try await (NixClosures.shared, NixClosures.bumping("hello"))
        #expect(try before.path("hello") != after.path("hello"))
        for name in ["bash", "redis", "nix"] { #expect(try before.path(name) == after.path(name)) }
        // redis needs this library, and of the others nothing does.
        let changed = try await NixClosures.bumping("liblzf1")
        #expect(try before.path("redis") != changed.path("redis"))
        for name in ["bash", "hello", "nix"] { #expect(try before.path(name) == changed.path(name)) }
    }

    @Test(.requiresClosures)
    func `a references graph has every path of the closure once`() async throws {
        let closures = try await NixClosures.shared
        let hello = try closures.path("hello")
        let libc = try await closures.package("libc6")
        let objects = try await Nix.machine.objects(in: [hello])
        #expect(objects.map(\.path) == [hello, libc].sorted())
        let object = try #require(objects.first { $0.path == hello })
        #expect(object.references.contains(libc))
        #expect(object.closureSize == objects.reduce(0) { $0 + $1.narSize })
        let graph = try await Nix.machine.referencesGraph(of: [hello])
        #expect(graph.elements.map { $0["path"]?.string } == objects.map(\.path))
        let registration = try await Nix.machine.registration(of: [hello])
        #expect(registration.hasPrefix("\(objects[0].path)\n\(objects[0].narHash)\n\(objects[0].narSize)\n\n"))
    }

    @Test(.requires("nix-store", "python3", "tar", "bash"), .requiresRoot)
    func `odd store objects are what they should be, and a reference layer has them all`() async throws {
        try await withOddStore { store in
            let closure = try await store.nix.closure(of: [store.root])
            #expect(closure == store.all)
            let tree = try #require(store.paths["tree"])
            let listed = try await listing(of: [tree], in: store)
            #expect(listed.prefix(3) == ["/nix/", "/nix/store/", "\(tree)/"])
            for name in [
                "/empty/", "/empty-too/within/", "/nothing", "/caf\\351", "/café", "/\\377\\376/file",
            ] {
                #expect(listed.contains(tree + name))
            }
            #expect(listed.contains { $0.utf8.count > 400 })
            // By components, a tree comes before its neighbours whose names are longer.
            #expect(listed.filter { $0.hasSuffix("/z") } == ["\(tree)/a/z", "\(tree)/a.b/z"])
            let link = try #require(store.paths["link"])
            #expect(try await listing(of: [link], in: store) == ["/nix/", "/nix/store/", link])
        }
    }

    @Test(.requires("nix-store", "python3", "bash"), .requiresRoot)
    func `hard links between store objects change no reference layer`() async throws {
        try await withOddStore { store in
            let layers = store.all.map { [$0] } + [store.all]
            let before = try await ReferenceLayer.digests(layers, in: store.nix)
            try await store.optimise()
            let twin = try #require(store.paths["twin"])
            let count = try FileManager.default.attributesOfItem(atPath: store.location(of: twin) + "/one")[
                .referenceCount
            ]
            #expect(try #require(count as? Int) >= 4)
            #expect(try await ReferenceLayer.digests(layers, in: store.nix) == before)
            #expect(before.allSatisfy { $0.size % 10_240 == 0 })
            #expect(Set(before.map(\.diffID)).count == layers.count)
        }
    }

    private func listing(of paths: [String], in store: OddStore) async throws -> [String] {
        try await withTemporaryDirectory { directory in
            let layer = try await Command.run(ReferenceLayer.command(for: paths, in: store.nix))
            try Data(layer.standardOutput).write(to: URL(fileURLWithPath: directory + "/layer.tar"))
            let names = [
                "tar", "--list", "--absolute-names", "--quoting-style=escape", "--file", directory + "/layer.tar",
            ]
            return try await Command.check(names).split(separator: "\n").map(String.init)
        }
    }
}
