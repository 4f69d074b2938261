// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What is particular to an image of store paths, and what belongs to whom.
@Suite
struct OwnLayerTests {
    @Test(.requires("nix-store", "nix-instantiate", "tar"), .requiresRoot)
    func `a package without links brings its closure and nothing else`() async throws {
        try await withChain { chain, nix, directory in
            let package = JSON.object(["nix": .string(chain[2]), "links": .boolean(false)])
            let image = try StoreImage(
                "bare",
                contents: [],
                keys: ["contents": .array([package]), "files": .array([])],
                options: ["--store", nix.root],
                in: directory
            )
            let plan = try await image.plan()
            #expect(plan.storePaths.sorted() == chain.sorted())
            #expect(plan.layers.allSatisfy { $0.kind == "store" })
        }
    }

    @Test(.requires("nix-store", "nix-instantiate", "tar"), .requiresRoot)
    func `store paths may belong to another owner than the rest`() async throws {
        try await withChain { chain, nix, directory in
            let owner = JSON.object(["uid": .number(1000), "uname": .string("user")])
            let image = try StoreImage(
                "owned",
                contents: [],
                keys: [
                    "storeOwner": owner, "uid": .number(5), "layering": .string("single"),
                    "config": .object(["Env": .array([.string("A=\(chain[0])")])]),
                ],
                options: ["--store", nix.root],
                in: directory
            )
            try await image.build()
            let manifest = try JSON(
                Array(try await Command.check(["tar", "-xOf", image.archive, "manifest.json"]).utf8)
            )
            let members = manifest.elements.first?["Layers"]?.elements.compactMap(\.string) ?? []
            let listings = members.map { member in
                ["sh", "-c", "tar -xOf \"$1\" \"$2\" | tar -tvPf -", "sh", image.archive, member]
            }
            try #require(listings.count == 2)
            let store = try await Command.check(listings[0]).split(separator: "\n")
            #expect(store.allSatisfy { $0.contains(" user/root ") })
            let own = try await Command.check(listings[1])
            #expect(!own.contains("user"))
        }
    }

    @Test(.requires("nix-store", "nix-instantiate", "tar"), .requiresRoot)
    func `a layer by itself has the bytes that it has in the image, and becomes that of another`() async throws {
        try await withChain { chain, nix, directory in
            let text = JSON.object(["path": .string("/etc/a"), "text": .string(chain[1]), "owner": .string("7:8")])
            let options = ["--store", nix.root]
            let first = try StoreImage(
                "first",
                contents: [],
                keys: ["files": .array([text])],
                options: options,
                in: directory
            )
            let tar = directory + "/layer.tar"
            let report = try JSON(
                Array(try await Drydock.check(["layer", first.spec, "-o", tar, "--json"] + options).utf8)
            )
            #expect(try await first.build().diffIDs.last == report["diffID"]?.string)
            let graph = directory + "/graph"
            try await nix.registration(of: [chain[2]]).write(toFile: graph, atomically: false, encoding: .utf8)
            let second = try StoreImage(
                "second",
                contents: [],
                keys: ["files": .array([]), "copyToRoot": .string(tar)],
                options: options + ["--references-graph", graph],
                in: directory
            )
            // What the archive mentions comes along, as the graph knows it.
            #expect(try await second.plan().storePaths.sorted() == chain.prefix(2).sorted())
            #expect(try await second.build().diffIDs.last == report["diffID"]?.string)
        }
    }

    @Test
    func `the report about a layer cannot go where the layer goes`() async throws {
        let spec = Drydock.example("shell")
        let output = try await Command.run([try Drydock.path, "layer", spec, "-o", "-", "--json"])
        #expect(output.status == 64)
        #expect(
            output.errorText.hasPrefix("Error: The image and the report of --json cannot both go to standard output")
        )
    }

    /// Calls `body` with three paths of a store of its own, of which each refers to those before it.
    private func withChain(
        _ body: (_ chain: [String], _ nix: Nix, _ directory: String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let nix = try Nix.store(in: directory)
            try await body(try await nix.addChain(), nix, directory)
        }
    }
}
