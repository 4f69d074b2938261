// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Assertions of dockerTools' own test of nixpkgs, by their numbers: names, layers, and Nix in images.
@Suite
struct DockerToolsImageTests {
    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 9: imageTag is the tag of an image without one`() async throws {
        for example in ["bashNoTag", "bashNoTagLayered", "bashNoTagStreamLayered", "nixLayered"] {
            let expected = try await LibraryImage.named(example).reference
            #expect(try await LibraryImage.loaded(example).references == [expected], "\(example)")
            #expect(expected.split(separator: ":").last?.count == 32)
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 10: archives load however they are compressed`() async throws {
        for example in [
            "bashZstdCompressed", "bashUncompressed", "bashLayeredUncompressed", "bashLayeredZstdCompressed",
        ] {
            let image = try await LibraryImage.loaded(example)
            #expect(try await image.run(["/bin/bash", "-c", "echo $((6 * 7))"]) == "42", "\(example)")
        }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 11: nix in the image knows its closure`() async throws {
        let nix = try await NixClosures.shared.path("nix")
        let closure = try await Nix.machine.closure(of: [nix])
        let text = try await LibraryImage.loaded("nix").run(["/bin/nix-store", "-qR", nix])
        #expect(text.split(separator: "\n").map(String.init).sorted() == closure)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 13: a link in a store path is still a link`() async throws {
        try await expectLink("nix")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 14: a link in a store path is still a link, in layers`() async throws {
        try await expectLink("nixLayered")
    }

    private func expectLink(_ example: String) async throws {
        let nix = try await NixClosures.shared.path("nix")
        let text = try await LibraryImage.loaded(example).run(["/bin/readlink", nix + "/bin/nix-daemon"])
        #expect(text == "nix")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 21: an image in layers has its command and what extraCommands made`() async throws {
        let image = try await LibraryImage.loaded("layered-image")
        #expect(try await image.run() == "Hello, world!")
        #expect(try await image.run(["/bin/cat", "/extraCommands"]) == "layered")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 24: two images in layers share some`() async throws {
        let first = try await LibraryImage.loaded("layered-image").diffIDs()
        let second = try await LibraryImage.loaded("another-layered-image").diffIDs()
        #expect(!Set(first).intersection(second).isEmpty)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 31: an image of two layers loads`() async throws {
        #expect(try await LibraryImage.loaded("two-layered-image").diffIDs().count == 2)
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 32: a closure in one layer is whole`() async throws {
        let image = try await LibraryImage.loaded("bulk-layer")
        #expect(try await image.run(["/bin/ls", "/bin/hello"]) == "/bin/hello")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 34: an image that mentions no store path has no other`() async throws {
        let image = try await LibraryImage.loaded("no-store-paths")
        #expect(try await image.run(["/bin/busybox", "ls", "/bin/busybox"]) == "/bin/busybox")
        let store = try await image.fileNames().filter { $0.hasPrefix("nix/store/") && $0 != "nix/store/" }
        #expect(store.allSatisfy { $0.contains("-busybox") })
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 35: a file that a script mentions is in the store, and the store is what its database says`()
        async throws
    {
        let image = try await LibraryImage.loaded("filesInStore")
        _ = try await image.run(["/bin/nix-store", "--verify", "--check-contents"])
        #expect(try await image.run() == "some data")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 37: a store path that is a link stays one`() async throws {
        let image = try await LibraryImage.loaded("layeredStoreSymlink")
        let script = "for each in /nix/store/*-symlink; do test -L $each && test -e $each/dir/target && echo link; done"
        #expect(try await image.run(["/bin/bash", "-c", script]) == "link")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 38: a name keeps its registry`() async throws {
        try await expectName("prefixedImage", "registry-1.docker.io/image")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 39: a name keeps its registry, in layers`() async throws {
        try await expectName("prefixedLayeredImage", "registry-1.docker.io/layered-image")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 40: fakeRootCommands gives a directory away`() async throws {
        let image = try await LibraryImage.loaded("layeredImageWithFakeRootCommands")
        #expect(try await image.run(["/bin/stat", "-c", "%u", "/home/alice"]) == "1000")
        // What only the script mentions is there.
        #expect(try await image.run(["/hello/bin/hello"]) == "Hello, world!")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 47: with enableFakechroot absolute paths are those of the image`() async throws {
        #expect(try await LibraryImage.loaded("imageViaFakeChroot").run() == "Hello, world!")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 50: a script copies configuration files`() async throws {
        #expect(try await LibraryImage.loaded("etc").run() == "some contents")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `dockerTools 52: chown works with enableFakechroot`() async throws {
        #expect(try await LibraryImage.loaded("chownTestImage").run() == "12345:12345")
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `users are made by the programs that make them elsewhere`() async throws {
        let image = try await LibraryImage.loaded("image-with-users")
        #expect(try await image.run(["/bin/id", "-un"]) == "redis")
        #expect(try await image.run(["/bin/stat", "-c", "%U:%G", "/data"]) == "redis:redis")
    }

    private func expectName(_ example: String, _ name: String) async throws {
        let image = try await LibraryImage.loaded(example)
        #expect(image.references == [name + ":latest"])
        #expect(try await image.docker.check(["images", "--format", "{{.Repository}}", name]) == name)
    }
}
