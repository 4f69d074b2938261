// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Indexes with all that they list on their way to a registry, and those whose layers are compressed anew.
@Suite(.requires("docker-registry", "skopeo", "python3"))
struct GraphPushTests {
    private struct Place {
        let directory: String
        let proxy: FaultyProxy
        var repository: String { "docker://\(proxy.authority)/team/a" }

        func run(_ arguments: String...) async throws -> Command.Output {
            try await Command.run(
                [try Drydock.path] + arguments,
                environment: ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory],
                in: directory
            )
        }

        func copyAll(_ arguments: String...) async throws -> Command.Output {
            try await Command.run(
                [try Drydock.path, "copy", "--all", "--progress", "none"] + arguments,
                environment: ["DRYDOCK_CACHE": directory + "/cache", "HOME": directory],
                in: directory
            )
        }

        /// The index that a layout has under the only name, or under one of several.
        func entry(of layout: String, named name: String) throws -> JSON? {
            let index = try JSON(try Data(contentsOf: URL(filePath: "\(directory)/\(layout)/index.json")))
            return index["manifests"]?.elements.first { entry in
                entry["annotations", "org.opencontainers.image.ref.name"] == .string(name)
            }
        }

        func document(_ digest: JSON?, in layout: String) throws -> JSON {
            guard case .string(let digest) = digest else { return .null }
            let path = "\(directory)/\(layout)/blobs/sha256/\(digest.dropFirst("sha256:".count))"
            return try JSON(try Data(contentsOf: URL(filePath: path)))
        }

        func puts(_ part: String) -> [String] {
            proxy.requests.filter { $0.verb == "PUT" && $0.target.contains(part) }.map(\.target)
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await GraphSource.make { directory in
            try await TestRegistry.withRegistry { registry in
                try await FaultyProxy.withProxy(before: registry) { proxy in
                    try await body(Place(directory: directory, proxy: proxy))
                }
            }
        }
    }

    @Test func `an index in a layout goes to a registry with all that it lists, and its name comes last`() async throws
    {
        try await withPlace { place in
            let target = place.repository + ":multi"
            let output = try await place.copyAll("oci:source:multi", target)
            try #require(output.status == 0, "\(output.errorText)")
            #expect(output.errorText == "")
            let top = try #require(try place.entry(of: "source", named: "multi")?["digest"])
            #expect(output.text.hasPrefix("index \(top.text)  multi\n"))
            #expect(output.text.hasSuffix("pushed to \(place.proxy.authority)/team/a:multi"))
            let raw = try await Skopeo.inspect(target, options: ["--raw", "--tls-verify=false"])
            #expect(try place.document(top, in: "source") == JSON(raw))
            // Two images, an attestation, the index inside, the index, the tag: each after what it leads to.
            let puts = place.puts("/manifests/")
            #expect(puts.count == 6)
            let inner = try #require(try place.document(top, in: "source")["manifests", "0", "digest"])
            let names = puts.map { String($0.split(separator: "/").last ?? "") }
            #expect(names.firstIndex(of: inner.text) == 2)
            #expect(names.suffix(2) == [top.text, "multi"])
            for architecture in ["amd64", "arm64"] {
                let options = ["--override-os", "linux", "--override-arch", architecture, "--tls-verify=false"]
                let text = String(decoding: try await Skopeo.inspect(target, options: options), as: UTF8.self)
                #expect(text.contains("\"Architecture\": \"\(architecture)\""))
            }
            #expect(try await place.copyAll(target, "oci:again:multi").status == 0)
            #expect(try place.entry(of: "again", named: "multi")?["digest"] == top)
            // What is there is not sent again.
            let sent = place.puts("/blobs/").count
            #expect(try await place.copyAll("oci:source:multi", place.repository + ":again").status == 0)
            #expect(place.puts("/blobs/").count == sent)
        }
    }

    @Test func `an artifact goes to a registry, also from a compressed archive`() async throws {
        try await withPlace { place in
            #expect(try await place.copyAll("source", "oci-archive:all.tar").status == 0)
            try await Command.check(["gzip", "all.tar"], in: place.directory)
            for name in ["artifact", "multi"] {
                let target = "\(place.repository):\(name)"
                let output = try await place.copyAll("oci-archive:all.tar.gz:\(name)", target)
                try #require(output.status == 0, "\(output.errorText)")
                let raw = try await Skopeo.inspect(target, options: ["--raw", "--tls-verify=false"])
                let entry = try place.entry(of: "source", named: name)
                #expect(try place.document(entry?["digest"], in: "source") == JSON(raw))
            }
        }
    }

    @Test func `what cannot be in a registry is refused before anything is sent`() async throws {
        try await withPlace { place in
            let several = try await place.copyAll("source", place.repository + ":x")
            #expect(
                several.errorText == """
                    Error: Cannot push several images to '\(place.proxy.authority)/team/a:x'
                    hint: name one of them in the source: artifact, multi, plain
                    """
            )
            let script = """
                import json, os
                index = json.load(open('source/index.json'))
                inner = json.load(open('source/blobs/sha256/' + index['manifests'][0]['digest'][7:]))['manifests'][0]
                arm = json.load(open('source/blobs/sha256/' + inner['digest'][7:]))['manifests'][1]
                os.remove('source/blobs/sha256/' + arm['digest'][7:])
                print(arm['digest'], end='')
                """
            let missing = try await Command.check(["python3", "-c", script], in: place.directory)
            let sparse = try await place.copyAll("oci:source:multi", place.repository + ":x")
            #expect(sparse.status == 1)
            #expect(
                sparse.errorText.contains(
                    "the index lists \(missing), which is neither pushed with it nor in the repository"
                ),
                "\(sparse.errorText)"
            )
            #expect(place.puts("/").isEmpty)
        }
    }

    @Test(arguments: ["oci:small:multi", "docker://"]) func `all images of an index are compressed anew`(
        _ form: String
    ) async throws {
        try await withPlace { place in
            let target = form == "docker://" ? place.repository + ":small" : form
            let output = try await place.copyAll("--compress", "zstd", "oci:source:multi", target)
            try #require(output.status == 0, "\(output.errorText)")
            #expect(output.errorText.contains(": 1 layer is compressed with zstd"))
            #expect(
                output.errorText.hasSuffix(
                    "1 attestation or artifact refers to an image as it was and is left out"
                )
            )
            if form == "docker://" {
                #expect(try await place.copyAll(target, "oci:small:multi").status == 0)
            }
            let valid = try await Drydock.check(["validate", "\(place.directory)/small"])
            #expect(valid.hasPrefix("valid: 2 images"), "\(valid)")
            let top = try place.document(try place.entry(of: "small", named: "multi")?["digest"], in: "small")
            #expect(top["manifests"]?.elements.count == 1)
            let inner = try place.document(top["manifests", "0", "digest"], in: "small")
            #expect(inner["manifests", "1", "platform", "architecture"] == .string("arm64"))
            let image = try place.document(inner["manifests", "1", "digest"], in: "small")
            #expect(image["layers", "0", "mediaType"] == .string("application/vnd.oci.image.layer.v1.tar+zstd"))
        }
    }

    @Test func `an index of a registry goes into an archive, and is compressed anew on its way`() async throws {
        try await withPlace { place in
            #expect(try await place.copyAll("oci:source:multi", place.repository + ":multi").status == 0)
            let plain = try await place.copyAll(place.repository + ":multi", "oci-archive:multi.tar:multi")
            try #require(plain.status == 0, "\(plain.errorText)")
            #expect(try await place.copyAll("multi.tar", "oci:multi").status == 0)
            let source = try place.entry(of: "source", named: "multi")?["digest"]
            #expect(try place.entry(of: "multi", named: "multi")?["digest"] == source)
            let small = try await place.copyAll("--compress", "zstd", place.repository + ":multi", "oci:small:multi")
            try #require(small.status == 0, "\(small.errorText)")
            #expect(try place.entry(of: "small", named: "multi")?["digest"] != source)
            #expect(try await place.run("validate", "small").text.hasPrefix("valid: 2 images"))
        }
    }
}

extension JSON {
    /// A string's text; empty for anything else.
    fileprivate var text: String { if case .string(let text) = self { text } else { "" } }
}
