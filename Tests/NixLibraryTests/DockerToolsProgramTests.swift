// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Assertions of dockerTools' own test of nixpkgs, by their numbers: programs and services.
@Suite
struct DockerToolsProgramTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 1: hello runs from links at the root`() async throws {
        #expect(try await LibraryImage.loaded("helloOnRoot").run() == "Hello, world!")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 2: without its store paths hello does not run`() async throws {
        #expect(try await !thinHello.runs())
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 3: without its store paths hello does not run, with a script`() async throws {
        #expect(try await !thinHelloOfScript.runs())
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 5: without its store paths an image has nothing of a store, with a script`() async throws {
        let names = try await thinHelloOfScript.fileNames()
        #expect(names.contains("bin/hello"))
        #expect(!names.contains { $0.hasPrefix("nix/store/") && $0 != "nix/store/" })
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 7: without its store paths hello runs on the store of its host, with a script`() async throws {
        let store = ["--volume", "/nix/store:/nix/store:ro"]
        #expect(try await thinHelloOfScript.run(options: store) == "Hello, world!")
    }

    private var thinHelloOfScript: LoadedImage {
        get async throws { try await LibraryImage.loaded("helloOnRootNoStoreFakechroot", as: "hello-of-script:latest") }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 4: without its store paths an image has nothing of a store`() async throws {
        let names = try await thinHello.fileNames()
        #expect(names.contains("bin/hello"))
        #expect(!names.contains { $0.hasPrefix("nix") })
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 6: without its store paths hello runs on the store of its host`() async throws {
        let store = ["--volume", "/nix/store:/nix/store:ro"]
        #expect(try await thinHello.run(options: store) == "Hello, world!")
    }

    /// The image has the same name as the one with store paths.
    private var thinHello: LoadedImage {
        get async throws { try await LibraryImage.loaded("helloOnRootNoStore", as: "hello-without-store:latest") }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 8: bash runs, made in 1970, with the tag that was given`() async throws {
        let image = try await LibraryImage.loaded("bash")
        #expect(try await image.inspect()["Created"]?.string?.contains("1970-01-01T00:00:01Z") == true)
        #expect(try await image.run(["bash", "--version"], options: ["--env", "PATH=/bin"]).hasPrefix("GNU bash"))
        #expect(try await image.docker.check(["images", "--format", "{{.Tag}}", "bash"]) == "latest")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 12: a user without rights sees the store`() async throws {
        let image = try await LibraryImage.loaded("bashLayeredWithUser")
        let modes = try await image.run(["/bin/stat", "-c", "%a", "/nix", "/nix/store"], options: ["-u", "somebody"])
        #expect(modes == "755\n755")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures, arguments: ["nginx", "nginxStream"])
    func `dockerTools 16: nginx serves a page on port 80`(example: String) async throws {
        let name = example == "nginx" ? nil : "nginx-streamed:latest"
        let image = try await LibraryImage.loaded(example, as: name)
        let bash = try await LibraryImage.loaded("bash")
        let get =
            "exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; mapfile -u 3 l; echo ${l[-1]}"
        let text = try await image.docker.withContainer(of: image.name) { container in
            try await answer(of: bash, in: container, to: ["/bin/bash", "-euc", get])
        }
        #expect(text.contains("Hello from NGINX"))
    }

    /// What a program says that shares the container's network, once the service there answers.
    private func answer(of image: LoadedImage, in container: String, to command: [String]) async throws -> String {
        let arguments = ["run", "--rm", "--network=container:\(container)", image.name] + command
        for _ in 0..<100 {
            if let text = try? await image.docker.check(arguments) { return text }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await image.docker.check(arguments)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 19: an image made now was not made in 1970`() async throws {
        try await expectPresent("unstableDate")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 20: an image in layers made now was not made in 1970`() async throws {
        try await expectPresent("unstableDateLayered")
    }

    private func expectPresent(_ example: String) async throws {
        let created = try await LibraryImage.loaded(example).inspect()["Created"]?.string ?? ""
        #expect(created.hasPrefix("20"))
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 36: an image for another machine says so`() async throws {
        #expect(try await LibraryImage.loaded("cross").inspect()["Architecture"] == .string("arm64"))
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 48: files of a bare directory are at the root`() async throws {
        for example in ["build-image-with-path", "layered-image-with-path"] {
            let image = try await LibraryImage.loaded(example)
            #expect(try await image.run(["/bin/bash", "-c", "echo $(</hello.txt)"]) == "Hello there!")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 49: an image has the architecture that was given`() async throws {
        for example in ["build-image-with-architecture", "layered-image-with-architecture"] {
            #expect(try await LibraryImage.loaded(example).inspect()["Architecture"] == .string("arm64"), "\(example)")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 51: certificates are where programs look for them`() async throws {
        let image = try await LibraryImage.loaded("image-with-certs")
        let bundles = ["ssl/certs/ca-bundle.crt", "ssl/certs/ca-certificates.crt", "pki/tls/certs/ca-bundle.crt"]
        let text = try await image.run(["/bin/head", "-qn1"] + bundles.map { "/etc/" + $0 })
        #expect(text == Array(repeating: "-----BEGIN CERTIFICATE-----", count: 3).joined(separator: "\n"))
    }
}
