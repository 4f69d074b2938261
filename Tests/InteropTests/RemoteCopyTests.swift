// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `drydock copy` with registries on one side and on both.
@Suite(.requires("docker-registry", "skopeo"))
struct RemoteCopyTests {
    private struct Place {
        let directory: String
        let registry: TestRegistry
        let first: FaultyProxy
        let second: FaultyProxy
        var environment: [String: String] { ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory] }

        func copy(_ source: String, _ destination: String, _ options: String...) async throws -> String {
            let arguments = ["copy", "--progress", "none", source, destination] + options
            return try await Drydock.check(arguments, environment: environment)
        }

        func digest(_ image: String) async throws -> String {
            try await Drydock.check(["inspect", "--digest", image], environment: environment)
        }
    }

    private static func spec(_ architecture: String) -> String {
        "name: sample\ntag: one\narchitecture: \(architecture)\n"
            + "files: [{ path: /a, text: some text }, { path: /b, text: \(architecture) }]\n"
    }

    /// Calls `body` with two registries, of which the first has an image for each of two architectures.
    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await TestRegistry.withRegistry { one in
                try await TestRegistry.withRegistry { two in
                    try await FaultyProxy.withProxy(before: one) { first in
                        try await FaultyProxy.withProxy(before: two) { second in
                            for architecture in ["amd64", "arm64"] {
                                let spec = "\(directory)/\(architecture).yaml"
                                try Self.spec(architecture).write(toFile: spec, atomically: true, encoding: .utf8)
                                let image = "docker://\(one.authority)/a:\(architecture)"
                                try await Drydock.build(
                                    spec,
                                    to: image,
                                    environment: ["DRYDOCK_CACHE": directory + "/x"]
                                )
                            }
                            try await body(Place(directory: directory, registry: one, first: first, second: second))
                        }
                    }
                }
            }
        }
    }

    /// Puts an index of both images under a tag of the first registry, and gives its digest.
    private func putIndex(_ place: Place) async throws -> String {
        var entries: [String] = []
        for architecture in ["amd64", "arm64"] {
            let image = "docker://\(place.first.authority)/a:\(architecture)"
            let manifest = try await Drydock.check(["inspect", "--manifest", image], environment: place.environment)
            let type = "application/vnd.oci.image.manifest.v1+json"
            let platform = #""platform":{"os":"linux","architecture":"\#(architecture)"}"#
            entries.append(
                #"{"mediaType":"\#(type)","digest":"\#(try await place.digest(image))","size":\#(manifest.utf8.count),"#
                    + platform + "}"
            )
        }
        let type = "application/vnd.oci.image.index.v1+json"
        let index = #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":[\#(entries.joined(separator: ","))]}"#
        return try await place.registry.put(manifest: index, mediaType: type, repository: "a", tag: "all")
    }

    @Test func `an index is inspected with its platforms, and nothing of the others is fetched`() async throws {
        try await withPlace { place in
            _ = try await putIndex(place)
            let image = "docker://\(place.first.authority)/a"
            let digests = (try await place.digest("\(image):arm64"), try await place.digest("\(image):amd64"))
            let requests = place.first.requests.count
            let environment = ["DRYDOCK_CACHE": place.directory + "/new", "HOME": place.directory]
            let arguments = ["inspect", "\(image):all", "--platform", "linux/arm64"]
            let text = try await Drydock.check(arguments, environment: environment)
            #expect(text.contains("\n  platform  linux/arm64\n  also for  linux/amd64\n"), "\(text)")
            let seen = place.first.requests.dropFirst(requests).map(\.target)
            #expect(seen.contains { $0.hasSuffix(digests.0) })
            #expect(!seen.contains { $0.hasSuffix(digests.1) })
            let json = try JSON(Data(try await Drydock.check(arguments + ["--json"], environment: environment).utf8))
            let expected =
                #"[{"digest":"\#(digests.0)","platform":{"architecture":"arm64","os":"linux"}},"#
                + #"{"digest":"\#(digests.1)","platform":{"architecture":"amd64","os":"linux"}}]"#
            #expect(try json["platforms"] == JSON(Data(expected.utf8)))
            // In a layout there is the same to tell, and in a single image nothing.
            _ = try await place.copy("\(image):all", "oci:\(place.directory)/layout:all", "--all")
            let stored = ["inspect", "oci:\(place.directory)/layout:all", "--platform", "linux/amd64"]
            #expect(try await Drydock.check(stored).contains("\n  also for  linux/arm64\n"))
            let single = try await Drydock.check(["inspect", "\(image):arm64"], environment: environment)
            #expect(!single.contains("also for"))
        }
    }

    @Test func `an image is squashed on its way between registries`() async throws {
        try await withPlace { place in
            let (source, target) = ("docker://\(place.first.authority)/a:amd64", "\(place.second.authority)/flat:x")
            _ = try await place.copy(source, "docker://\(target)", "--squash")
            _ = try await place.copy(source, "oci:\(place.directory)/flat:x", "--squash")
            let there = try await place.digest("docker://\(target)")
            #expect(try await there == place.digest("oci:\(place.directory)/flat:x"))
            #expect(try await there != place.digest(source))
        }
    }

    private func uploads(_ proxy: FaultyProxy) -> Int {
        proxy.requests.count { $0.verb == "PUT" && $0.target.contains("digest=sha256") }
    }

    private func blobReads(_ proxy: FaultyProxy) -> Int {
        proxy.requests.count { $0.verb == "GET" && $0.target.contains("/blobs/sha256") }
    }

    @Test func `between registries an image stays as it is, and goes once`() async throws {
        try await withPlace { place in
            let source = "docker://\(place.first.authority)/a:amd64"
            let target = "docker://\(place.second.authority)/team/b:x"
            let said = try await place.copy(source, target)
            let digest = try await place.digest(source)
            #expect(said == "image \(digest)\npushed to \(place.second.authority)/team/b:x")
            #expect(try await place.digest(target) == digest)
            // Configuration and layer; the layer was never on this disk.
            #expect(uploads(place.second) == 2)
            let blobs = try FileManager.default.contentsOfDirectory(atPath: place.directory + "/cache/blobs/sha256")
            #expect(blobs.count == 2)
            _ = try await place.copy(source, target)
            #expect(uploads(place.second) == 2)
            try await Skopeo.copy(target, "oci:\(place.directory)/s:x", options: ["--src-tls-verify=false"])
        }
    }

    @Test func `within a registry blobs are mounted`() async throws {
        try await withPlace { place in
            let (before, read) = (uploads(place.first), blobReads(place.first))
            let target = "docker://\(place.first.authority)/b:x"
            _ = try await place.copy("docker://\(place.first.authority)/a:amd64", target)
            #expect(uploads(place.first) == before)
            // The configuration alone, which tells what the image is.
            #expect(blobReads(place.first) <= read + 1)
            try await Skopeo.copy(target, "oci:\(place.directory)/s:x", options: ["--src-tls-verify=false"])
        }
    }

    @Test func `an index goes with all of its images to a registry and to a layout`() async throws {
        try await withPlace { place in
            let digest = try await putIndex(place)
            let source = "docker://\(place.first.authority)/a:all"
            let target = "docker://\(place.second.authority)/b:all"
            let said = try await place.copy(source, target, "--all")
            #expect(said.hasPrefix("index \(digest)\n"))
            let raw = try await Skopeo.inspect(target, options: ["--raw", "--tls-verify=false"])
            #expect(String(decoding: raw, as: UTF8.self).contains("arm64"))
            let puts = place.second.requests.filter { $0.verb == "PUT" && $0.target.contains("/manifests/") }
            #expect(puts.last?.target.hasSuffix("/manifests/all") == true)
            #expect(puts.dropLast().last?.target.hasSuffix("/manifests/\(digest)") == true)
            _ = try await place.copy(target, "oci:\(place.directory)/l:all", "--all")
            for architecture in ["amd64", "arm64"] {
                let part = "docker://\(place.first.authority)/a:\(architecture)"
                let image = [
                    "inspect", "--digest", "oci:\(place.directory)/l:all", "--platform", "linux/\(architecture)",
                ]
                #expect(try await Drydock.check(image) == place.digest(part))
            }
            try await Drydock.check(["validate", "oci:\(place.directory)/l"])
            let one = "docker://\(place.second.authority)/b:one"
            _ = try await place.copy(source, one, "--platform", "linux/arm64")
            #expect(try await place.digest(one) == place.digest("docker://\(place.first.authority)/a:arm64"))
        }
    }

    @Test func `format and compression change what they say on the way`() async throws {
        try await withPlace { place in
            let source = "docker://\(place.first.authority)/a:amd64"
            for (number, options) in [["--compress", "zstd"], ["--format", "docker"]].enumerated() {
                let target = "docker://\(place.second.authority)/b:x\(number)"
                let arguments = ["copy", "--progress", "none", source, target] + options
                let output = try await Command.run([Drydock.path] + arguments, environment: place.environment)
                #expect(output.status == 0)
                #expect(output.errorText.contains("the manifest's digest changes"))
                let raw = try await Skopeo.inspect(target, options: ["--raw", "--tls-verify=false"])
                let manifest = String(decoding: raw, as: UTF8.self)
                #expect(manifest.contains(number == 0 ? "tar+zstd" : "vnd.docker.distribution.manifest.v2"))
                try await Skopeo.copy(target, "oci:\(place.directory)/s:\(number)", options: ["--src-tls-verify=false"])
            }
        }
    }

    @Test func `archives and layouts go to a registry and back`() async throws {
        try await withPlace { place in
            let layout = "oci:\(place.directory)/l:x"
            let built = try await Drydock.build(place.directory + "/amd64.yaml", to: layout)
            let target = "docker://\(place.second.authority)/b:x"
            #expect(try await place.copy(layout, target).hasSuffix("pushed to \(place.second.authority)/b:x"))
            #expect(try await place.digest(target) == built.digest)
            let archive = "docker-archive:\(place.directory)/a.tar"
            _ = try await place.copy(target, archive)
            let pulled = try await Drydock.inspect(archive)
            #expect(pulled.imageID == built.imageID)
            #expect(pulled.references == ["\(place.second.authority)/b:x"])
            _ = try await place.copy(archive, "docker://\(place.second.authority)/b:y")
            let again = try await Drydock.check(
                ["inspect", "--json", "docker://\(place.second.authority)/b:y"],
                environment: place.environment
            )
            let report = try JSON(Data(again.utf8))
            #expect(report["imageID"] == .string(built.imageID))
            // An archive has plain layers; nobody wants them in a registry.
            #expect(report["layers", "0", "mediaType"] == .string("application/vnd.oci.image.layer.v1.tar+gzip"))
        }
    }

    @Test func `a whole index does not go into an archive, and a digest is not a name for another image`() async throws
    {
        try await withPlace { place in
            _ = try await putIndex(place)
            let source = "docker://\(place.first.authority)/a:all"
            let all = ["copy", source, "docker-archive:\(place.directory)/a.tar", "--all"]
            let output = try await Command.run([Drydock.path] + all, environment: place.environment)
            #expect(output.status == 64)
            #expect(
                output.errorText == """
                    Error: An index with all of its images goes to a registry, an image layout or an oci-archive, in its own form
                    hint: write 'docker://REF', 'oci:DIR' or 'oci-archive:PATH' without --format and --squash, or choose with --platform
                    """
            )
            let other = "sha256:" + String(repeating: "0", count: 64)
            let amd64 = "docker://\(place.first.authority)/a:amd64"
            let wrong = ["copy", amd64, "docker://\(place.second.authority)/b@\(other)", "--progress", "none"]
            let refused = try await Command.run([Drydock.path] + wrong, environment: place.environment)
            #expect(
                refused.errorText == """
                    Error: Cannot copy to '\(place.second.authority)/b@\(other)': expected the image \(other), \
                    got \(try await place.digest(amd64))
                    hint: write a tag instead of the digest
                    """
            )
        }
    }
}
