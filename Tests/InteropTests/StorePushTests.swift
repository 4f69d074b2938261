// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images of store paths in registries, whose layers are put together of what each path was compressed to.
@Suite(.requires("docker-registry", "openssl"))
struct StorePushTests {
    private static let names = ["a", "b", "c"]
    private static let paths = names.map { "/nix/store/\(String(repeating: $0, count: 32))-x" }

    private struct Place {
        let directory: String
        let registry: TestRegistry
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }
        var options: [String] { ["--store", directory + "/root", "--references-graph", directory + "/graph.json"] }

        func spec(_ layering: String) throws -> String {
            let path = "\(directory)/spec-\(layering.utf8.count).yaml"
            let contents = StorePushTests.paths.map { "{nix: \($0), links: false}" }.joined(separator: ", ")
            let text = """
                name: sample
                architecture: amd64
                layering: \(layering)
                contents: [\(contents)]
                config: { Cmd: [\(StorePushTests.paths[0])/busybox, cat, \(StorePushTests.paths[1])/file] }
                """
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        @discardableResult
        func push(_ layering: String, to image: String, _ options: [String] = []) async throws -> Drydock.Image {
            try await Drydock.build(
                try spec(layering),
                to: "docker://\(image)",
                options: self.options + options,
                environment: environment
            )
        }
    }

    /// A store with a program and two files, and a registry.
    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            for path in Self.paths {
                try await Command.check(["mkdir", "-p", "\(directory)/root\(path)"])
                try "of \(path.suffix(3))\n".write(
                    toFile: "\(directory)/root\(path)/file",
                    atomically: true,
                    encoding: .utf8
                )
            }
            let busybox = try #require(Tools.path(of: "busybox"))
            try await Command.check(["cp", busybox, "\(directory)/root\(Self.paths[0])/busybox"])
            let objects = Self.paths.map { path in
                JSON.object([
                    "path": .string(path), "narHash": .string("sha256:" + String(repeating: "0", count: 64)),
                    "narSize": .number(500), "references": .array([]),
                ])
            }
            try JSONEncoder().encode(JSON.array(objects)).write(to: URL(filePath: directory + "/graph.json"))
            try await TestRegistry.withRegistry { try await body(Place(directory: directory, registry: $0)) }
        }
    }

    @Test(.requires("busybox"))
    func `an unchanged layer costs one question, and its store paths are not looked into`() async throws {
        try await withPlace { place in
            try await FaultyProxy.withProxy(before: place.registry) { proxy in
                let first = try await place.push("perPath", to: "\(proxy.authority)/a:x")
                // Without its files, a layer could not be made.
                for path in Self.paths {
                    try await Command.check(["find", place.directory + "/root" + path, "-type", "f", "-delete"])
                }
                let seen = proxy.requests.count
                let second = try await place.push("perPath", to: "\(proxy.authority)/a:y")
                #expect(second.digest == first.digest)
                let requests = proxy.requests.dropFirst(seen)
                let questions = requests.filter { $0.verb == "HEAD" && $0.target.contains("/blobs/") }
                #expect(questions.count == first.layers.count + 1)
                let others = requests.filter { $0.verb != "HEAD" }
                #expect(others.map(\.verb) == ["PUT", "PUT"])
                #expect(others.allSatisfy { $0.target.contains("/manifests/") })
                let before = proxy.requests.count
                try await place.push("perPath", to: "\(proxy.authority)/a:y")
                // The tag leads to it already.
                #expect(proxy.requests.dropFirst(before).allSatisfy { $0.verb == "HEAD" })
            }
        }
    }

    @Test(.requires("busybox"))
    func `a registry that lacks everything gets what was kept`() async throws {
        try await withPlace { place in
            let first = try await place.push("perPath", to: "\(place.registry.authority)/a:x")
            // What was compressed is all that there is: other bytes of the same size would be noticed.
            let file = "\(place.directory)/root\(Self.paths[1])/file"
            let handle = try FileHandle(forWritingTo: URL(filePath: file))
            try handle.write(contentsOf: Data("OF".utf8))
            try handle.close()
            try await TestRegistry.withRegistry { other in
                let second = try await place.push("perPath", to: "\(other.authority)/a:x")
                #expect(second.digest == first.digest)
                let layout = place.directory + "/pulled"
                try await Drydock.check(
                    ["pull", "\(other.authority)/a:x", "-o", "oci:\(layout)", "--cache", place.directory + "/other"],
                    environment: place.environment
                )
                #expect(try await Drydock.check(["validate", "oci:\(layout)"]) != "")
            }
        }
    }

    @Test(.requires("busybox"))
    func `the previous image is in a registry, from which no layer comes`() async throws {
        try await withPlace { place in
            let first = try await place.push("single", to: "\(place.registry.authority)/a:x")
            try await FaultyProxy.withProxy(before: place.registry) { proxy in
                let layout = "oci:\(place.directory)/layout:new"
                func build(_ name: String, _ options: String...) async throws -> Command.Output {
                    // Three packages have a layer each, unless an image had them together.
                    let spec = try place.spec("{ previous: 'docker://\(proxy.authority)/\(name)' }")
                    let arguments = ["build", "--progress", "none", spec, "-o", layout] + options + place.options
                    return try await Command.run([Drydock.path] + arguments, environment: place.environment)
                }
                let alone = try await build("a:missing")
                #expect(
                    alone.errorText
                        == """
                        note: there is no previous image 'docker://\(proxy.authority)/a:missing' yet: \
                        layers are planned from nothing
                        """
                )
                #expect(try await Drydock.inspect(layout).layers.count == 3)
                let pinned = "docker://\(proxy.authority)/a:x@\(first.digest)"
                #expect(try await build("a:x").errorText == "note: the previous image is \(pinned)")
                #expect(try await Drydock.inspect(layout).layers == first.layers)
                let fetched = proxy.requests.filter { $0.verb == "GET" && $0.target.contains("/blobs/") }
                #expect(fetched.count <= 1, "only the configuration")
                #expect(
                    try await build("a:x", "--locked").errorText
                        == """
                        Error: Cannot use 'docker://\(proxy.authority)/a:x' with --locked: it has no digest
                        hint: write '\(pinned)'
                        """
                )
            }
        }
    }

    @Test(.requires("busybox"))
    func `a plan says beforehand what is present, mountable and to send`() async throws {
        try await withPlace { place in
            try await FaultyProxy.withProxy(before: place.registry) { proxy in
                let spec = try place.spec("perPath")
                func plan(_ name: String, _ options: String...) async throws -> JSON {
                    let arguments =
                        ["plan", "--json", "--to", "docker://\(proxy.authority)/\(name)"] + options + place.options + [
                            spec
                        ]
                    let text = try await Drydock.check(arguments, environment: place.environment)
                    return try #require(try JSON(Array(text.utf8))["push"])
                }
                func outcomes(_ push: JSON) -> [String] {
                    push["layers"]?.elements.compactMap { $0["outcome"]?.string } ?? []
                }
                let before = try await plan("a:x")
                #expect(outcomes(before) == ["send", "send", "send"])
                #expect(before["isExact"] == .boolean(false))
                #expect(before["reference"] == .string("\(proxy.authority)/a:x"))
                let image = try await place.push("perPath", to: "\(proxy.authority)/a:x")
                let present = try await plan("a:y")
                #expect(outcomes(present) == ["present", "present", "present"])
                #expect(present["bytesToSend"] == .number(0))
                let mountable = try await plan("b:x")
                #expect(outcomes(mountable) == ["mountable", "mountable", "mountable"])
                #expect(mountable["layers"]?.elements.first?["mountFrom"] == .string("a"))
                #expect(outcomes(try await plan("a:x", "--compress", "zstd")) == ["send", "send", "send"])
                try await TestRegistry.withRegistry { other in
                    let arguments = ["plan", "--to", "docker://\(other.authority)/a"] + place.options + [spec]
                    let text = try await Drydock.check(arguments, environment: place.environment)
                    let sizes = image.layers.map(\.size)
                    #expect(text.contains("\n  to send: "))
                    #expect(!text.contains("at most"))
                    #expect(text.contains("\(other.authority)/a:latest: 0 layers present, 0 mountable, 3 to send, "))
                    let exact = ["plan", "--json", "--to", "docker://\(other.authority)/a"] + place.options + [spec]
                    let json = try JSON(Array(try await Drydock.check(exact, environment: place.environment).utf8))
                    #expect(json["push"]?["bytesToSend"]?.number == sizes.reduce(0, +))
                    #expect(json["push"]?["isExact"] == .boolean(true))
                }
                let wrong = try await Command.run([Drydock.path, "plan", "--to", "oci:x", spec])
                #expect(
                    wrong.errorText
                        == "Error: Cannot plan a push to 'oci:x': it is not in a registry\nhint: write 'docker://REF'"
                )
            }
        }
    }

    @Test(.requires("busybox", "dockerd", "docker", "podman", "skopeo", "umoci"), .requiresRoot)
    func `every peer reads blobs of several members`() async throws {
        try await withPlace { place in
            let name = "\(place.registry.authority)/a:x"
            try await place.push("perPath", to: name)
            // Now all of it in one layer, from what was kept.
            let built = try await place.push("single", to: name)
            #expect(built.layers.count == 1)
            let layout = place.directory + "/layout"
            try await Skopeo.copy("docker://\(name)", "oci:\(layout):x", options: ["--src-tls-verify=false"])
            #expect(try await Drydock.inspect("oci:\(layout):x").digest == built.digest)
            try await Umoci.unpack(layout: layout, tag: "x", to: place.directory + "/bundle")
            let unpacked = place.directory + "/bundle/rootfs"
            for path in Self.paths {
                try await Command.check(["cmp", place.directory + "/root" + path + "/file", unpacked + path + "/file"])
            }
            let docker = try await DockerDaemon.shared.client()
            try await docker.check(["pull", "--quiet", name])
            #expect(try await docker.run(image: name) == "of b-x")
            try await docker.check(["image", "rm", name])
            try await withPodman { podman in
                try await podman.check(["pull", "--quiet", "--tls-verify=false", name])
                #expect(try await podman.run(image: name) == "of b-x")
                let zstd = "\(place.registry.authority)/b:x"
                try await place.push("single", to: zstd, ["--compress", "zstd"])
                try await podman.check(["pull", "--quiet", "--tls-verify=false", zstd])
                #expect(try await podman.run(image: zstd) == "of b-x")
            }
        }
    }
}
