// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The command against Debian's registry, and skopeo at the other end.
@Suite(.requires("docker-registry", "openssl", "skopeo"))
struct RegistryTests {
    private static let spec = """
        name: sample
        tag: one
        architecture: amd64
        created: "2024-01-02T03:04:05Z"
        files:
          - { path: /a, text: "some text" }
          - { path: /b/c, text: "other text", owner: "12:34" }
        config: { Cmd: [/a] }
        """

    private struct Place {
        let directory: String
        let registry: TestRegistry
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try Self.spec.write(toFile: directory + "/image.yaml", atomically: true, encoding: .utf8)
            try await TestRegistry.withRegistry { try await body(Place(directory: directory, registry: $0)) }
        }
    }

    private func push(_ place: Place, to name: String, options: [String] = []) async throws -> Drydock.Image {
        try await Drydock.build(
            place.directory + "/image.yaml",
            to: "docker://\(place.registry.authority)/\(name)",
            options: options,
            environment: place.environment
        )
    }

    private func copy(_ source: String, _ destination: String) async throws {
        try await Command.check(
            [
                "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false",
                source, destination,
            ]
        )
    }

    @Test(arguments: ["gzip", "zstd", "none"])
    func `skopeo pulls what is pushed`(compression: String) async throws {
        try await withPlace { place in
            let built = try await push(place, to: "a/b:x", options: ["--compress", compression])
            let layout = place.directory + "/layout"
            try await copy("docker://\(place.registry.authority)/a/b:x", "oci:\(layout):x")
            let copied = try await Drydock.inspect("oci:\(layout):x")
            #expect(copied.diffIDs == built.diffIDs)
            // What is not compressed, skopeo compresses for a layout.
            if compression != "none" { #expect(copied.digest == built.digest) }
        }
    }

    @Test func `a name without a tag gets that of the spec`() async throws {
        try await withPlace { place in
            _ = try await push(place, to: "own")
            let repository = "\(place.registry.authority)/own"
            let tags = [try Drydock.path, "tags", repository]
            #expect(try await Command.check(tags, environment: place.environment) == "one")
            let plan = [try Drydock.path, "plan", place.directory + "/image.yaml", "--to", "docker://\(repository)"]
            #expect(try await Command.check(plan, environment: place.environment).contains("\(repository):one: "))
        }
    }

    @Test func `a second push sends nothing, and one to another repository mounts`() async throws {
        try await withPlace { place in
            try await FaultyProxy.withProxy(before: place.registry) { proxy in
                var seen = 0
                for (name, uploads) in [("a:x", 2), ("a:y", 0), ("b:x", 0)] {
                    let image = "docker://\(proxy.authority)/\(name)"
                    try await Drydock.build(
                        place.directory + "/image.yaml",
                        to: image,
                        environment: place.environment
                    )
                    let requests = proxy.requests.dropFirst(seen)
                    seen += requests.count
                    let sent = requests.filter { $0.target.contains("digest=sha256") && $0.verb == "PUT" }
                    #expect(sent.count == uploads, "\(name)")
                }
            }
        }
    }

    @Test func `what is pulled is what skopeo has pushed`() async throws {
        try await withPlace { place in
            let layout = "oci:\(place.directory)/images"
            let built = try await Drydock.build(place.directory + "/image.yaml", to: layout)
            let name = "\(place.registry.authority)/a:x"
            try await copy("\(layout):sample:one", "docker://\(name)")
            let archive = place.directory + "/pulled.tar"
            let arguments = ["pull", name, "-o", archive, "--json"]
            let text = try await Drydock.check(arguments, environment: place.environment)
            #expect(try JSON(Data(text.utf8))["digest"] == .string(built.digest))
            let pulled = try await Drydock.inspect(archive)
            #expect(pulled.imageID == built.imageID)
            #expect(pulled.diffIDs == built.diffIDs)
            #expect(pulled.references == [name])
            let again = place.directory + "/again"
            try await Drydock.check(["pull", name, "-o", "oci:\(again)"], environment: place.environment)
            #expect(try await Drydock.inspect("oci:\(again)").digest == built.digest)
            let remote = ["inspect", "--digest", "docker://\(name)"]
            #expect(try await Drydock.check(remote, environment: place.environment) == built.digest)
        }
    }

    @Test func `the archive of a pulled image never changes`() async throws {
        let golden = "n6AVZMtSSDXOLvqqRDUdQO4JZcFRUh+H79w1FT4roeA="
        try await withPlace { place in
            _ = try await push(place, to: "a:x", options: ["--compress", "zstd"])
            let name = "\(place.registry.authority)/a:x"
            let fixed = ["--final-name", "sample", "--final-tag", "one", "--json"]
            let text = try await Drydock.check(["prefetch", name] + fixed, environment: place.environment)
            #expect(try JSON(Data(text.utf8))["hash"] == .string("sha256-\(golden)"))
            // Neither the compression in the registry nor the way there shows in it.
            let archive = place.directory + "/x.tar"
            let destination = "docker-archive:\(archive):sample:one"
            try await Drydock.check(["pull", name, "-o", destination], environment: place.environment)
            let hash = "openssl dgst -sha256 -binary '\(archive)' | base64"
            #expect(try await Command.check(["sh", "-c", hash]) == golden)
        }
    }

    @Test func `the oci-archive of a pulled image never changes`() async throws {
        let golden = "UDJ2QK1okP0duQC3kMdTXjs+Y/P4oPhg4TkV5ROeBNo="
        try await withPlace { place in
            // As the registry has it: the version of a compression library must not show.
            _ = try await push(place, to: "a:x", options: ["--compress", "none"])
            let archive = place.directory + "/x.tar"
            let arguments = ["pull", "\(place.registry.authority)/a:x", "-o", "oci-archive:\(archive):one"]
            try await Drydock.check(arguments, environment: place.environment)
            let hash = "openssl dgst -sha256 -binary '\(archive)' | base64"
            #expect(try await Command.check(["sh", "-c", hash]) == golden)
        }
    }

    @Test func `standard output gets the same archive, and an oci-archive keeps the digest`() async throws {
        try await withPlace { place in
            let built = try await push(place, to: "a:x", options: ["--compress", "gzip"])
            let name = "\(place.registry.authority)/a@\(built.digest)"
            let file = place.directory + "/x.tar"
            try await Drydock.check(["pull", name, "-o", file], environment: place.environment)
            let streamed = try await Command.run(
                [Drydock.path, "pull", name, "-o", "-"],
                environment: place.environment
            )
            #expect(streamed.status == 0)
            #expect(streamed.errorText.hasSuffix("\nwritten to standard output"))
            #expect(try Data(contentsOf: URL(filePath: file)) == Data(streamed.standardOutput))
            var archives: [Data] = []
            for archive in ["y.tar", "z.tar"] {
                let path = place.directory + "/" + archive
                let arguments = ["pull", name, "-o", "oci-archive:\(path):one"]
                try await Drydock.check(arguments, environment: place.environment)
                #expect(try await Drydock.inspect("oci-archive:\(path):one").digest == built.digest)
                archives.append(try Data(contentsOf: URL(filePath: path)))
            }
            #expect(archives[0] == archives[1])
            let json = try await Command.run(
                [Drydock.path, "pull", name, "-o", "-", "--json"],
                environment: place.environment
            )
            #expect(json.status == 64)
        }
    }

    @Test func `an image that is not there is named with a hint`() async throws {
        try await withPlace { place in
            let name = "\(place.registry.authority)/a:x"
            let output = try await Command.run([Drydock.path, "pull", name], environment: place.environment)
            #expect(output.status == 1)
            #expect(
                output.errorText == """
                    Error: Cannot use '\(name)': GET http://\(place.registry.authority)/v2/a/manifests/x: the registry \
                    answered 404 MANIFEST_UNKNOWN: manifest unknown
                    hint: check the tag or digest
                    """
            )
        }
    }

    @Test(arguments: ["all", "digest-only", "tag-only"])
    func `a mirror is asked for what it is there for`(use: String) async throws {
        try await withPlace { place in
            let built = try await push(place, to: "a:x")
            try await FaultyProxy.withProxy(before: place.registry) { mirror in
                let text = """
                    [[registry]]
                    location = "\(place.registry.authority)"
                    [[registry.mirror]]
                    location = "\(mirror.authority)"
                    pull-from-mirror = "\(use)"
                    """
                let file = place.directory + "/registries.conf"
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                for (name, isTag) in [("a:x", true), ("a@\(built.digest)", false)] {
                    let seen = mirror.requests.count
                    let environment = [
                        "CONTAINERS_REGISTRIES_CONF": file, "HOME": place.directory,
                        "DRYDOCK_CACHE": place.directory + "/cache-\(isTag)",
                    ]
                    try await Drydock.check(["pull", "\(place.registry.authority)/\(name)"], environment: environment)
                    let requests = mirror.requests.dropFirst(seen)
                    let askedForName = requests.contains { $0.target.contains("/manifests/") }
                    #expect(askedForName == (use == "all" || (use == "tag-only") == isTag), "\(name)")
                    if use == "tag-only", !isTag { #expect(requests.isEmpty) }
                }
            }
        }
    }
}
