// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images that are pulled from a registry by a derivation with a known result.
@Suite
struct PulledImageTests {
    @Test(.requires("docker", "dockerd", "runc", "docker-registry"), .requiresClosures)
    func `dockerTools 15: an image is pulled by its digest and its hash, and runs`() async throws {
        let image = try await PulledExamples.loaded().image
        #expect(image.references == ["nixos/nix:2.2.1"])
        let version = try await image.run(["/usr/bin/nix-store", "--version"], options: ["--env", "USER=nobody"])
        #expect(version.contains("nix-store (Nix)"))
    }

    @Test(.requires("docker", "dockerd", "runc", "docker-registry"), .requiresClosures)
    func `dockerTools 17: an image on top of a pulled one runs, with a name in lower case`() async throws {
        let image = try await PulledExamples.loaded().onTop
        #expect(image.references == ["ontopofpulledimage:latest"])
        #expect(try await image.run(["/bin/hello"]) == "Hello, world!")
    }

    @Test(.requires("docker-registry", "htpasswd"), .requiresClosures, arguments: ["argument", "variable"])
    func `a build logs in with the file that it is shown`(way: String) async throws {
        var settings = TestRegistry.Settings()
        settings.users = ["reader": "secret"]
        try await TestRegistry.withRegistry(settings) { registry in
            try await withTemporaryDirectory { directory in
                let authFile = directory + "/auth.json"
                let login = Data("reader:secret".utf8).base64EncodedString()
                try "{\"auths\":{\"\(registry.authority)\":{\"auth\":\"\(login)\"}}}"
                    .write(toFile: authFile, atomically: true, encoding: .utf8)
                let variables = ["REGISTRY_AUTH_FILE": authFile]
                let pin = try await PulledExamples.pin(["/bin/true"], in: registry, as: "team/tool:1", variables)
                let authArgument = way == "argument" ? "authFile = \"\(authFile)\";" : ""
                let output = try await LibraryBuilds.run(
                    ["--arg", "pulled", "\(pin) // { \(authArgument) }", "--attr", "images.nixFromDockerHub"],
                    showing: [directory],
                    variables: way == "variable" ? variables : [:]
                )
                #expect(output.status == 0, "\(output.errorText)")
                let path = output.text.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(try await Drydock.inspect(path).references == ["team/tool:1"])
            }
        }
    }
}

/// The examples that pull, built once in a test process.
///
/// Their registry has an image that no build has seen before.
private enum PulledExamples {
    struct Loaded: Sendable {
        let image: LoadedImage
        let onTop: LoadedImage
    }

    /// Both images in the daemon of the tests.
    static func loaded() async throws -> Loaded { try await builds.loaded() }

    /// Pushes an image of programs of this machine, with a label of its own, and gives what Nix needs to pull it.
    ///
    /// Nix refuses a known result that has store paths of its own builder in it, so the image has none.
    static func pin(
        _ programs: [String],
        in registry: TestRegistry,
        as name: String,
        _ variables: [String: String] = [:]
    ) async throws -> String {
        try await withTemporaryDirectory { directory in
            let spec = directory + "/image.json"
            let text = """
                { "name": "base", "contents": [{ "executable": \(programs) }],
                  "config": { "Labels": { "build": "\(UUID().uuidString)" } } }
                """
            try text.write(toFile: spec, atomically: true, encoding: .utf8)
            let environment = ["DRYDOCK_CACHE": directory + "/cache"].merging(variables) { _, new in new }
            let reference = "\(registry.authority)/\(name)"
            let program = try Drydock.path
            try await Command.check(
                [program, "build", spec, "-o", "docker://\(reference)"],
                environment: environment,
                timeout: 300
            )
            // Without the port, which is another one each time.
            let prefetch = [program, "prefetch", reference, "--final-name", String(name.prefix { $0 != ":" })]
            return try await Command.check(prefetch, environment: environment, timeout: 300)
        }
    }

    private static let builds = Builds()

    private actor Builds {
        private var building: Task<Loaded, any Error>?

        func loaded() async throws -> Loaded {
            if let building { return try await building.value }
            let task = Task { try await Self.build() }
            building = task
            return try await task.value
        }

        private static func build() async throws -> Loaded {
            let docker = try await DockerDaemon.shared.client()
            return try await TestRegistry.withRegistry { registry in
                let pin = try await PulledExamples.pin(["/usr/bin/nix-store"], in: registry, as: "nixos/nix:2.2.1")
                var images: [LoadedImage] = []
                for attribute in ["nixFromDockerHub", "onTopOfPulledImage"] {
                    let output = try await LibraryBuilds.run(
                        ["--arg", "pulled", pin, "--attr", "images." + attribute]
                    )
                    try #require(output.status == 0, "\(output.errorText)")
                    let path = output.text.trimmingCharacters(in: .whitespacesAndNewlines)
                    images.append(LoadedImage(docker: docker, references: try await docker.load(path)))
                }
                return Loaded(image: images[0], onTop: images[1])
            }
        }
    }
}
