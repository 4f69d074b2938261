// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `drydock index`: one image for several platforms.
@Suite
struct IndexTests {
    private struct Place {
        let directory: String

        func run(_ arguments: String...) async throws -> Command.Output {
            try await Command.run(
                [try Drydock.path] + arguments + (arguments[0] == "index" ? ["--progress", "none"] : []),
                environment: ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory],
                in: directory
            )
        }

        /// Writes the image of an architecture, and gives its digest.
        @discardableResult
        func build(_ architecture: String, to destination: String, variant: String? = nil) async throws -> String {
            let spec = "\(directory)/\(architecture)\(variant ?? "").yaml"
            let text =
                "name: sample\ntag: one\narchitecture: \(architecture)\n" + (variant.map { "variant: \($0)\n" } ?? "")
                + "files: [{ path: /shared, text: some text }, { path: /own, text: \(architecture) }]\n"
            try text.write(toFile: spec, atomically: true, encoding: .utf8)
            let output = try await run("build", "--json", "--progress", "none", spec, "-o", destination)
            try #require(output.status == 0, "\(output.errorText)")
            guard case .string(let digest)? = try JSON(output.standardOutput)["digest"] else { return "" }
            return digest
        }

        func index(of layout: String) throws -> JSON {
            try JSON(try Data(contentsOf: URL(filePath: "\(directory)/\(layout)/index.json")))
        }

        func document(_ digest: JSON?, in layout: String) throws -> JSON {
            guard case .string(let digest) = digest else { return .null }
            let path = "\(directory)/\(layout)/blobs/sha256/\(digest.dropFirst("sha256:".count))"
            return try JSON(try Data(contentsOf: URL(filePath: path)))
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(Place(directory: $0)) }
    }

    @Test(.requires("skopeo")) func `images of all forms become one, in whichever order they are named`() async throws {
        try await withPlace { place in
            try await place.build("amd64", to: "docker-archive:amd64.tar")
            let arm64 = try await place.build("arm64", to: "oci:arm64:x")
            let arm = try await place.build("arm", to: "oci-archive:arm.tar:x", variant: "v7")
            let one = try await place.run("index", "arm.tar", "oci:arm64", "amd64.tar", "-o", "oci:one:all")
            try #require(one.status == 0, "\(one.errorText)")
            let two = try await place.run("index", "amd64.tar", "arm.tar", "arm64", "-o", "oci-archive:two.tar:all")
            #expect(two.text.split(separator: "\n").first == one.text.split(separator: "\n").first)
            #expect(one.text.hasPrefix("index sha256:"))
            #expect(one.text.hasSuffix("\nwritten to oci:one"))
            let entry = try place.index(of: "one")["manifests", "0"]
            #expect(try place.index(of: "one")["manifests"]?.elements.count == 1)
            let index = try place.document(entry?["digest"], in: "one")
            let platforms = index["manifests"]?.elements.map { $0["platform", "architecture"] }
            #expect(platforms == ["amd64", "arm", "arm64"].map { .string($0) })
            // Images that are in a layout already keep their digests.
            #expect(index["manifests", "1", "digest"] == .string(arm))
            #expect(index["manifests", "1", "platform", "variant"] == .string("v7"))
            #expect(index["manifests", "2", "digest"] == .string(arm64))
            for place in ["oci:\(place.directory)/one:all", "oci-archive:\(place.directory)/two.tar:all"] {
                let options = ["--override-os", "linux", "--override-arch", "arm64"]
                let text = String(decoding: try await Skopeo.inspect(place, options: options), as: UTF8.self)
                #expect(text.contains("\"Architecture\": \"arm64\""))
            }
            #expect(try await place.run("validate", "one").text.hasPrefix("valid: 3 images"))
        }
    }

    @Test(.requires("docker-registry", "skopeo")) func `images of a registry become one, and no layer is read`()
        async throws
    {
        try await withPlace { place in
            try await TestRegistry.withRegistry { registry in
                try await FaultyProxy.withProxy(before: registry) { proxy in
                    let repository = "docker://\(proxy.authority)/team/a"
                    let amd64 = try await place.build("amd64", to: repository + ":amd64")
                    try await place.build("arm64", to: repository + ":arm64")
                    let uploads = { proxy.requests.count { $0.verb == "PUT" && $0.target.contains("digest=sha256") } }
                    let before = uploads()
                    let arguments = [
                        "index", "--json", repository + ":arm64", repository + "@\(amd64)", "-o",
                        "docker://\(proxy.authority)/team/b:all",
                    ]
                    let environment = ["DRYDOCK_CACHE": place.directory + "/empty", "HOME": place.directory]
                    let output = try await Command.run([try Drydock.path] + arguments, environment: environment)
                    try #require(output.status == 0, "\(output.errorText)")
                    #expect(uploads() == before)
                    // The configurations alone, which say what the images run on.
                    #expect(proxy.requests.count { $0.verb == "GET" && $0.target.contains("/blobs/sha256") } <= 2)
                    let report = try JSON(output.standardOutput)
                    #expect(report["images", "0", "digest"] == .string(amd64))
                    #expect(report["images", "1", "platform", "architecture"] == .string("arm64"))
                    // In the repository itself there is nothing to do but to put the index.
                    let posts = proxy.requests.count { $0.verb == "POST" }
                    let same = try await place.run(
                        "index",
                        repository + ":amd64",
                        repository + ":arm64",
                        "-o",
                        repository + ":all"
                    )
                    try #require(same.status == 0, "\(same.errorText)")
                    #expect(proxy.requests.count { $0.verb == "POST" } == posts)
                    #expect(proxy.requests.last { $0.verb == "PUT" }?.target.hasSuffix("/manifests/all") == true)
                    for target in ["docker://\(proxy.authority)/team/b:all", repository + ":all"] {
                        let raw = try JSON(try await Skopeo.inspect(target, options: ["--raw", "--tls-verify=false"]))
                        #expect(raw["manifests", "0", "digest"] == .string(amd64))
                        #expect(raw["manifests"]?.elements.count == 2)
                    }
                    // To a disk the layers go, too.
                    let disk = try await place.run("index", repository + ":all", "-o", "oci:disk:all")
                    try #require(disk.status == 0, "\(disk.errorText)")
                    #expect(try await place.run("validate", "disk").text.hasPrefix("valid: 2 images"))
                }
            }
        }
    }

    @Test(.requires("docker-registry", "podman"), .requiresRoot)
    func `an engine pulls the image of the platform it wants`()
        async throws
    {
        try await withPlace { place in
            try await TestRegistry.withRegistry { registry in
                let target = "\(registry.authority)/sample:all"
                for architecture in ["amd64", "arm64"] {
                    try await place.build(architecture, to: "docker-archive:\(architecture).tar")
                }
                let output = try await place.run(
                    "index",
                    "--compress",
                    "gzip",
                    "amd64.tar",
                    "arm64.tar",
                    "-o",
                    "docker://\(target)"
                )
                try #require(output.status == 0, "\(output.errorText)")
                try await withPodman { podman in
                    for architecture in ["arm64", "amd64"] {
                        try await podman.check([
                            "pull", "--quiet", "--tls-verify=false", "--arch", architecture, target,
                        ])
                        let found = try await podman.check(["inspect", "--format", "{{.Architecture}}", target])
                        #expect(found == architecture)
                    }
                }
            }
        }
    }

    @Test(.requires("python3")) func `attestations go along, artifacts and names do not`() async throws {
        try await GraphSource.make { directory in
            let place = Place(directory: directory)
            let output = try await place.run("index", "oci:source:multi", "oci:source:artifact", "-o", "oci:all:new")
            try #require(output.status == 0, "\(output.errorText)")
            #expect(output.errorText == "note: 1 artifact belongs to no platform and is left out")
            let index = try place.document(try place.index(of: "all")["manifests", "0", "digest"], in: "all")
            let platforms = index["manifests"]?.elements.map { $0["platform", "architecture"] }
            #expect(platforms == ["amd64", "arm64", "unknown"].map { .string($0) })
            #expect(
                index["manifests", "2", "annotations", "vnd.docker.reference.digest"]
                    == index["manifests", "0", "digest"]
            )
            let small = try await place.run("index", "oci:source:multi", "--compress", "zstd", "-o", "oci:small")
            try #require(small.status == 0, "\(small.errorText)")
            #expect(small.errorText.hasSuffix("1 attestation speaks of an image as it was and is left out"))
            #expect(try await place.run("validate", "small").text.hasPrefix("valid: 2 images"))
        }
    }

    @Test func `two images for one platform and places without indexes are refused`() async throws {
        try await withPlace { place in
            try await place.build("amd64", to: "docker-archive:a.tar")
            try await place.build("amd64", to: "oci:b:x")
            let equal = try await place.run("index", "a.tar", "oci:b", "-o", "oci:c")
            #expect(equal.status == 1)
            #expect(
                equal.errorText == """
                    Error: The index would have two images for linux/amd64, from 'a.tar' and 'oci:b'
                    hint: name one image for each platform
                    """
            )
            #expect(!FileManager.default.fileExists(atPath: place.directory + "/c"))
            for destination in ["docker-archive:c.tar", "c.tar", "-"] {
                let refused = try await place.run("index", "a.tar", "-o", destination)
                #expect(refused.status == 64)
                #expect(
                    refused.errorText == """
                        Error: A docker-archive and a daemon hold images for one platform each, and no index
                        hint: write 'docker://REF', 'oci:DIR' or 'oci-archive:PATH'
                        """
                )
            }
        }
    }
}
