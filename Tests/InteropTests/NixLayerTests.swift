// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Layers of store paths beside those that dockerTools makes of the same paths.
@Suite
struct NixLayerTests {
    @Test(
        .requiresClosures,
        arguments: [
            Layering(program: "bash", algorithm: "stable", maxLayers: 100),
            Layering(program: "redis", algorithm: "perPath", maxLayers: 100),
            Layering(program: "vim", algorithm: "popularity", maxLayers: 5),
            Layering(program: "git", algorithm: "sizeFirst", maxLayers: 12),
            Layering(program: "nix", algorithm: "stable", maxLayers: 20),
            Layering(program: "python3", algorithm: "single", maxLayers: 100),
        ]
    )
    func `every layer of a closure has the bytes of dockerTools`(_ layering: Layering) async throws {
        let program = try await NixClosures.shared.path(layering.program)
        try await withTemporaryDirectory { directory in
            let image = try StoreImage(layering.program, contents: [program], keys: layering.keys, in: directory)
            let plan = try await image.plan()
            #expect(try await plan.storePaths.sorted() == Nix.machine.closure(of: [program]))
            #expect(plan.layers.count <= layering.maxLayers)
            try await expectReferenceBytes(of: plan, in: try await image.build())
            #expect(try await ImageChecker.faults(of: image.archive) == [])
        }
    }

    struct Layering: Sendable, CustomTestStringConvertible {
        let program: String
        let algorithm: String
        let maxLayers: Int

        var keys: [String: JSON] {
            ["layering": .object(["algorithm": .string(algorithm)]), "maxLayers": .number(Int64(maxLayers))]
        }

        var testDescription: String { "\(program), \(algorithm), \(maxLayers) layers" }
    }

    @Test(.requires("nix-store", "python3", "bash"), .requiresRoot, arguments: ["perPath", "single"], [false, true])
    func `odd store objects have the bytes of dockerTools`(algorithm: String, isOptimised: Bool) async throws {
        try await withOddStore { store in
            if isOptimised { try await store.optimise() }
            try await withTemporaryDirectory { directory in
                let image = try StoreImage(
                    "odd",
                    contents: [],
                    keys: [
                        "layering": .object(["algorithm": .string(algorithm)]),
                        "config": .object(["Env": .array([.string("ODD=\(store.root)")])]),
                    ],
                    options: ["--store", store.nix.root],
                    in: directory
                )
                let plan = try await image.plan()
                #expect(plan.storePaths.sorted() == store.all)
                try await expectReferenceBytes(of: plan, in: try await image.build(), nix: store.nix)
            }
        }
    }

    private func expectReferenceBytes(
        of plan: StoreImage.Plan,
        in image: Drydock.Image,
        nix: Nix = .machine
    ) async throws {
        #expect(image.layers.count == plan.layers.count)
        let expected = try await ReferenceLayer.digests(plan.storeLayers.map(\.paths), in: nix)
        for (layer, expected) in zip(plan.storeLayers, expected) {
            #expect(image.diffIDs[layer.offset] == expected.diffID, "\(layer.paths)")
        }
    }

    @Test(.requiresClosures)
    func `images with common packages share the layers of those`() async throws {
        let closures = try await NixClosures.shared
        let (redis, nginx) = try (closures.path("redis"), closures.path("nginx"))
        let common = Set(try await Nix.machine.closure(of: [redis]))
            .intersection(try await Nix.machine.closure(of: [nginx]))
        #expect(!common.isEmpty)
        try await withTemporaryDirectory { directory in
            let first = try await StoreImage("redis", contents: [redis], in: directory).build()
            let second = try await StoreImage("nginx", contents: [nginx], in: directory).build()
            // There is room for a layer of each path, and each common path is in one.
            #expect(Set(first.diffIDs).intersection(second.diffIDs).count == common.count)
        }
    }

    @Test(.requiresClosures, arguments: [100, 8], [false, true])
    func `an updated leaf changes its own layer and the customisation layer`(
        maxLayers: Int64,
        hasPrevious: Bool
    ) async throws {
        let (before, after) = try await (NixClosures.shared, NixClosures.bumping("hello"))
        try await withTemporaryDirectory { directory in
            let contents = ["redis", "hello"]
            var keys: [String: JSON] = ["maxLayers": .number(maxLayers)]
            let first = try StoreImage("first", contents: try contents.map(before.path), keys: keys, in: directory)
            let old = try await first.build()
            if hasPrevious { keys["layering"] = .object(["previous": .string(first.archive)]) }
            let second = try StoreImage("second", contents: try contents.map(after.path), keys: keys, in: directory)
            let new = try await second.build()
            #expect(new.layers.count == old.layers.count)

            let path = try after.path("hello")
            let plan = try await second.plan()
            let hello = try #require(plan.storeLayers.first { $0.paths.contains(path) })
            let changed = zip(old.diffIDs, new.diffIDs).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
            #expect(changed == [hello.offset, new.layers.count - 1])
        }
    }

    @Test(.requiresClosures)
    func `a plan by a references graph is the plan by the database, and opens no store path`() async throws {
        let git = try await NixClosures.shared.path("git")
        try await withTemporaryDirectory { directory in
            let keys: [String: JSON] = ["maxLayers": .number(12)]
            let expected = try await StoreImage("git", contents: [git], keys: keys, in: directory).plan()
            let graph = try await Nix.machine.referencesGraph(of: [git])
            let registration = try await Nix.machine.registration(of: [git])
            let files = [
                "graph.json": Array(try JSONEncoder().encode(JSON.object(["graph": graph]))),
                "registration": Array(registration.utf8),
            ]
            for (name, bytes) in files {
                try Data(bytes).write(to: URL(filePath: "\(directory)/\(name)"))
                let options = ["--references-graph", "\(directory)/\(name)"]
                let image = try StoreImage("git", contents: [git], keys: keys, options: options, in: directory)
                #expect(try await image.plan().storeLayers.map(\.paths) == expected.storeLayers.map(\.paths))
                // Where there is no store, nothing can be opened.
                let hidden = try await Command.check(
                    [
                        "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /nix && exec \"$@\"", "sh",
                        try Drydock.path,
                    ]
                        + ["plan", "--json"] + options + [image.spec],
                    environment: image.environment
                )
                #expect(StoreImage.Plan(try JSON(Array(hidden.utf8))).storePaths == expected.storePaths)
            }
        }
    }
}
