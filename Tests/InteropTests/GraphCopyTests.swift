// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Indexes with several platforms, attestations and artifacts on their way between image layouts.
@Suite
struct GraphCopyTests {
    private func run(_ directory: String, _ arguments: String...) async throws -> Command.Output {
        try await Command.run([try Drydock.path, "copy", "--progress", "none"] + arguments, in: directory)
    }

    @Test(.requires("python3", "skopeo"))
    func `indexes keep their images, attestations and artifacts between layouts and archives of them`() async throws {
        try await GraphSource.make { directory in
            for (source, target) in [("source", "oci-archive:one.tar"), ("one.tar", "oci:two"), ("two", "oci:three")] {
                let output = try await run(directory, "--all", source, target)
                try #require(output.status == 0, "\(output.errorText)")
                #expect(output.errorText == "")
                #expect(output.text.hasSuffix("\nwritten to \(target)"))
            }
            try await Command.check(["diff", "-r", "source/blobs", "three/blobs"], in: directory)
            try await Command.check(["diff", "-r", "two", "three"], in: directory)
            for path in ["one.tar", "three"] {
                // One image has two names.
                let valid = try await Drydock.check(["validate", "\(directory)/\(path)"])
                #expect(valid.hasPrefix("valid: 2 images, 6 blobs, "))
            }
            // Others find each platform there.
            for architecture in ["amd64", "arm64"] {
                let options = ["--override-os", "linux", "--override-arch", architecture]
                for place in ["oci-archive:\(directory)/one.tar:multi", "oci:\(directory)/three:multi"] {
                    let text = String(decoding: try await Skopeo.inspect(place, options: options), as: UTF8.self)
                    #expect(text.contains("\"Architecture\": \"\(architecture)\""))
                }
            }
        }
    }

    @Test(.requires("python3"))
    func `one name brings all that it leads to, under another name if one is given`() async throws {
        try await GraphSource.make { directory in
            let output = try await run(directory, "--all", "--json", "oci:source:multi", "oci:other:new")
            try #require(output.status == 0, "\(output.errorText)")
            let report = try JSON(output.standardOutput)
            #expect(report["entries", "0", "name"] == .string("new"))
            #expect(report["images"]?.elements.count == 3)
            let index = try JSON(try Data(contentsOf: URL(filePath: "\(directory)/other/index.json")))
            #expect(index["manifests"]?.elements.count == 1)
            // The digest of the index is the one before.
            #expect(index["manifests", "0", "digest"] == report["entries", "0", "digest"])
            let refusal = try await run(directory, "--all", "source", "oci:other:new")
            #expect(
                refusal.errorText == """
                    Error: Cannot give the name 'new' to 3 images
                    hint: leave the name out, and each image keeps its own
                    """
            )
        }
    }

    @Test(.requires("python3")) func `what one image alone leaves behind is told`() async throws {
        try await GraphSource.make { directory in
            let note = "1 image for linux/arm64 and 1 attestation of the same name are left out"
            for target in ["docker-archive:a.tar:multi:v", "oci:b", "oci-archive:c.tar"] {
                let output = try await run(directory, "--platform", "linux/amd64", "oci:source:multi", target)
                try #require(output.status == 0, "\(output.errorText)")
                #expect(output.errorText.contains(note), "\(output.errorText)")
            }
            // Nothing is left out of what has no index.
            let plain = try await run(directory, "oci:source:plain", "oci:d")
            #expect(plain.errorText == "")
        }
    }

    @Test(.requires("python3"))
    func `damage is not passed on, and what an index only mentions may be missing`() async throws {
        try await GraphSource.make { directory in
            let script = """
                import json, os
                index = json.load(open('source/index.json'))
                inner = json.load(open('source/blobs/sha256/' + index['manifests'][0]['digest'][7:]))['manifests'][0]
                arm = json.load(open('source/blobs/sha256/' + inner['digest'][7:]))['manifests'][1]
                os.remove('source/blobs/sha256/' + arm['digest'][7:])
                """
            try await Command.check(["python3", "-c", script], in: directory)
            let sparse = try await run(directory, "--all", "oci:source:multi", "oci:sparse")
            #expect(sparse.status == 0, "\(sparse.errorText)")
            let damage = """
                for blob in source/blobs/sha256/*; do
                    [ "$(cat "$blob")" = text ] && printf TEXT >"$blob"; done; true
                """
            try await Command.check(["bash", "-c", damage], in: directory)
            for target in ["oci:damaged", "oci-archive:damaged"] {
                let output = try await run(directory, "--all", "source", target)
                #expect(output.status == 1)
                #expect(output.errorText.hasPrefix("Error: 'source' has a damaged blob sha256:"), "\(output.errorText)")
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/damaged"))
            }
        }
    }
}
