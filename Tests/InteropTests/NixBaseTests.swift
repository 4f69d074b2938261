// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images of store paths on top of images of store paths.
@Suite
struct NixBaseTests {
    @Test(.requiresClosures, arguments: ["docker-archive", "oci"])
    func `store paths of the base are not packed again`(form: String) async throws {
        let closures = try await NixClosures.shared
        let (bash, redis) = (try closures.path("bash"), try closures.path("redis"))
        try await withTemporaryDirectory { directory in
            let base = try StoreImage("base", contents: [bash], keys: ["maxLayers": .number(5)], in: directory)
            let place = "\(form):\(directory)/base"
            let lower = try await Drydock.build(base.spec, to: place, environment: base.environment)
            let keys: [String: JSON] = ["fromImage": .string(place), "maxLayers": .number(40)]
            let image = try StoreImage("top", contents: [bash, redis], keys: keys, in: directory)
            let expected = Set(try await Nix.machine.closure(of: [redis]))
                .subtracting(try await Nix.machine.closure(of: [bash]))
            #expect(!expected.isEmpty)
            #expect(try await Set(image.plan().storePaths) == expected)

            let top = try await image.build()
            #expect(top.diffIDs.prefix(lower.layers.count) == lower.diffIDs[...])
            let tree = try await Drydock.check(["inspect", "--tree", image.archive])
            for path in try await Nix.machine.closure(of: [bash, redis]) { #expect(tree.contains(path), "\(path)") }
            // A path of which the base lacks a file is packed whole.
            let damaged = try await withoutFile(below: bash, of: base, in: directory)
            let again = try StoreImage(
                "again",
                contents: [bash],
                keys: ["fromImage": .string(damaged), "maxLayers": .number(40)],
                in: directory
            )
            #expect(try await again.plan().storePaths == [bash])
        }
    }

    /// The base with a layer on top that deletes a file of a store path.
    private func withoutFile(below path: String, of base: StoreImage, in directory: String) async throws -> String {
        try await base.build()
        let script = """
            skopeo --insecure-policy copy --quiet "docker-archive:$1" oci:deleting:v
            umoci insert --image deleting:v --whiteout "$2"
            """
        let arguments = ["bash", "-euc", script, "bash", base.archive, path + "/bin/bash"]
        try await Command.check(arguments, environment: ["TMPDIR": directory, "HOME": directory], in: directory)
        return "oci:\(directory)/deleting:v"
    }

    @Test(.requiresClosures)
    func `a database has the paths that the base has registered, too`() async throws {
        let closures = try await NixClosures.shared
        let (hello, bash) = (try closures.path("hello"), try closures.path("bash"))
        try await withTemporaryDirectory { directory in
            let database: [String: JSON] = ["includeNixDB": .boolean(true), "maxLayers": .number(40)]
            let base = try StoreImage("base", contents: [hello], keys: database, in: directory)
            try await base.build()
            let keys = database.merging(["fromImage": .string("docker-archive:" + base.archive)]) { $1 }
            let image = try StoreImage("top", contents: [bash], keys: keys, in: directory)
            try await image.build()
            let expected = try await Nix.machine.closure(of: [hello, bash]).sorted()
            #expect(try await registered(image.archive, in: directory) == expected)
            #expect(try await Set(Nix.machine.closure(of: [bash])) != Set(expected))
            // Without packages of its own there is nothing to register anew, and the base's database stays.
            let plain = try StoreImage(
                "plain",
                contents: [],
                keys: ["fromImage": .string("docker-archive:" + base.archive)],
                in: directory
            )
            try await plain.build()
            #expect(try await registered(plain.archive, in: directory) == Nix.machine.closure(of: [hello]).sorted())
        }
    }

    /// The paths that are valid in an image's database.
    private func registered(_ archive: String, in directory: String) async throws -> [String] {
        let root = archive + ".root"
        try await Drydock.check(["export", archive, "-o", root + "/"])
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1] + '/nix/var/nix/db/db.sqlite')
            print('\\n'.join(sorted(row[0] for row in database.execute('SELECT path FROM ValidPaths'))))
            """
        return try await Command.check(["/usr/bin/python3", "-c", script, root]).split(separator: "\n").map(String.init)
    }
}
