// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Commands that read images read those of a registry as they read files.
@Suite(.requires("docker-registry"))
struct RemoteSourceTests {
    private struct Place {
        let directory: String
        let authority: String
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }

        func run(_ arguments: String...) async throws -> Command.Output {
            try await Command.run([Drydock.path] + arguments, environment: environment)
        }
    }

    /// Calls `body` with the archives `1.tar` and `2.tar` of two images, which a registry has as `sample:1` and `sample:2`.
    private func withImages(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await TestRegistry.withRegistry { registry in
                let place = Place(directory: directory, authority: registry.authority)
                for number in 1...2 {
                    let spec = "{name: sample, tag: '\(number)', files: [{path: /words, text: '\(number)'}]}"
                    try spec.write(toFile: directory + "/spec.yaml", atomically: true, encoding: .utf8)
                    for destination in ["\(directory)/\(number).tar", "docker://\(place.authority)/sample:\(number)"] {
                        let other = ["DRYDOCK_CACHE": directory + "/other"]
                        _ = try await Drydock.build(directory + "/spec.yaml", to: destination, environment: other)
                    }
                }
                try await body(place)
            }
        }
    }

    @Test func `export and the tree are those of the archive`() async throws {
        try await withImages { place in
            let (file, remote) = ("\(place.directory)/1.tar", "docker://\(place.authority)/sample:1")
            let tree = try await place.run("inspect", "--tree", remote)
            #expect(tree.status == 0)
            #expect(tree.text.contains("/words"))
            #expect(try await place.run("inspect", "--tree", file).text == tree.text)
            for (image, output) in [(file, "a.tar"), (remote, "b.tar")] {
                #expect(try await place.run("export", image, "-o", "\(place.directory)/\(output)").status == 0)
            }
            let same = ["cmp", "\(place.directory)/a.tar", "\(place.directory)/b.tar"]
            #expect(try await Command.run(same).status == 0)
        }
    }

    @Test func `two images of a registry differ as their archives do`() async throws {
        try await withImages { place in
            let remote = (1...2).map { "docker://\(place.authority)/sample:\($0)" }
            let found = try await place.run("diff", remote[0], remote[1])
            #expect(found.status == 1)
            #expect(found.text.contains("~ /words"))
            let mixed = try await place.run("diff", remote[0], "\(place.directory)/2.tar")
            #expect(mixed.status == 1)
            #expect(mixed.text.contains("~ /words"))
            #expect(try await place.run("diff", remote[0], remote[0]).status == 0)
        }
    }

    @Test func `an archive has an image of a registry beside one of a file`() async throws {
        try await withImages { place in
            let (name, output) = ("\(place.authority)/sample:1", "\(place.directory)/all.tar")
            let merged = try await place.run("merge", "docker://" + name, "\(place.directory)/2.tar", "-o", output)
            #expect(merged.status == 0, "\(merged.errorText)")
            for name in [name, "sample:2"] {
                #expect(try await place.run("inspect", "--digest", "docker-archive:\(output):\(name)").status == 0)
            }
        }
    }

    @Test func `options for registries want an image of a registry`() async throws {
        try await withImages { place in
            let refused = try await place.run("export", "\(place.directory)/1.tar", "--insecure", "-o", "-")
            #expect(refused.status == 64)
            #expect(
                refused.errorText
                    == "Error: '--username' and '--insecure' are for one registry, and no image of a registry is named"
            )
        }
    }
}
