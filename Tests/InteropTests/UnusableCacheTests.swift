// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Work with registries where the cache cannot be used: it takes a place of its own, and leaves nothing there.
@Suite(.requires("docker-registry"))
struct UnusableCacheTests {
    @Test func `images are pushed, inspected and pulled without a cache`() async throws {
        try await withTemporaryDirectory { directory in
            let files = FileManager.default
            let temporary = directory + "/temporary"
            try files.createDirectory(atPath: temporary + "/drydock-cache.killed", withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: directory + "/cache"))
            let spec = "{name: sample, files: [{path: /words, text: words}]}"
            try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
            let environment = ["DRYDOCK_CACHE": directory + "/cache", "TMPDIR": temporary, "HOME": directory]
            try await TestRegistry.withRegistry { registry in
                let image = "\(registry.authority)/sample:1"
                for arguments in [
                    ["build", directory + "/spec.yaml", "-o", "docker://" + image],
                    ["inspect", "docker://" + image],
                    ["copy", "docker://" + image, "docker://\(registry.authority)/sample:2"],
                    ["pull", "\(registry.authority)/sample:2", "-o", directory + "/pulled.tar"],
                ] {
                    let output = try await Command.run([Drydock.path] + arguments, environment: environment)
                    #expect(output.status == 0, "\(arguments): \(output.errorText)")
                    let warning =
                        "warning: Cannot open '\(directory)/cache': not a directory (ENOTDIR); what needs a cache"
                    let warnings = output.errorText.components(separatedBy: "\n").filter { $0.hasPrefix(warning) }
                    #expect(warnings.count == 1, "\(arguments): \(output.errorText)")
                    #expect(try files.contentsOfDirectory(atPath: temporary) == [], "\(arguments)")
                }
            }
            let archive = try await Command.run([Drydock.path, "validate", directory + "/pulled.tar"])
            #expect(archive.status == 0)
        }
    }

    @Test func `a pull into nothing but the cache needs one`() async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: URL(filePath: directory + "/cache"))
            try await TestRegistry.withRegistry { registry in
                let output = try await Command.run(
                    [Drydock.path, "pull", registry.authority + "/sample"],
                    environment: ["DRYDOCK_CACHE": directory + "/cache"]
                )
                #expect(output.status == 1)
            }
        }
    }

    @Test func `where an archive cannot be is known before anything is fetched`() async throws {
        try await withTemporaryDirectory { directory in
            // Nobody listens there: a request would fail otherwise.
            let output = try await Command.run(
                [Drydock.path, "pull", "localhost:1/sample", "-o", directory + "/missing/a.tar"],
                environment: ["DRYDOCK_CACHE": directory + "/cache"]
            )
            #expect(output.status == 1)
            #expect(output.errorText.hasPrefix("Error: Cannot create '\(directory)/missing/a.tar': no such file"))
        }
    }
}
