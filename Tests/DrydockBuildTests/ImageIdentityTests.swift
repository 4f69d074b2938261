// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockCompression
import DrydockDigests
import DrydockOCI
import DrydockTestSupport
import Foundation
import Testing

/// When two images are the same: the tag that is derived, and the documents of the archive.
@Suite
struct ImageIdentityTests {
    @Test
    func `the derived tag changes exactly when the image does`() async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            let tag = { (change: (inout ImageSpec) throws -> Void) in
                var changed = spec
                try change(&changed)
                return try await self.tag(changed, "docker-archive:\(directory)/a.tar")
            }
            let original = try await tag { _ in }
            #expect(original.count == 32)
            // What is the same image.
            #expect(try await tag { $0.name = "other" } == original)
            #expect(try await tag { $0.compressor = .gz } == original)
            #expect(try await tag { $0.maxLayers = 50 } == original)
            // What is another.
            let others = [
                try await tag { $0.config.env = ["A=b"] },
                try await tag { $0.annotations = ["a": "b"] },
                try await tag { $0.annotations = ["a": "c"] },
                try await tag { $0.architecture = "arm64" },
                try await tag { $0.created = try #require(Timestamp("1980-01-01T00:00:00Z")) },
                try await tag { $0.mtime = try #require(Timestamp("1980-01-01T00:00:00Z")) },
                try await tag { $0.uid = 7 },
                try await tag { $0.maxLayers = 2 },
                try await tag { $0.files[0].content = .text("hello!\n") },
                try await tag { $0.files[0].mode = 0o600 },
            ]
            #expect(Set(others + [original]).count == others.count + 1)
        }
    }

    @Test
    func `the derived tag does not depend on form and compression`() async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            var tags: Set<String> = []
            for transport in ["docker-archive", "oci-archive", "oci"] {
                for compression in CompressionFormat.written {
                    let place = "\(transport):\(directory)/\(transport)-\(compression.rawValue)"
                    tags.insert(try await tag(spec, place, compression))
                }
            }
            #expect(tags.count == 1)
        }
    }

    @Test
    func `a tag that is given is kept`() async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            spec.tag = "v1"
            let place = "docker-archive:\(directory)/a.tar"
            #expect(try await Pipeline.build(spec, to: place).references == ["sample:v1"])
            let named = try await Pipeline.build(spec, to: place + ":registry.example.org/other")
            #expect(named.references == ["registry.example.org/other:v1"])
            let tagged = try await Pipeline.build(spec, to: place + ":other:v2")
            #expect(tagged.references == ["other:v2"])
        }
    }

    @Test
    func `each layer of a docker-archive names its parent, and the last one the configuration`() async throws {
        try await withTemporaryDirectory { directory in
            let image = try await Pipeline.build(
                try await Pipeline.spec(in: directory),
                to: "docker-archive:\(directory)/a.tar"
            )
            let chain = ChainID.chain(of: image.layers.map(\.diffID)).map(\.encoded)
            #expect(chain.count == 3)
            try await Command.check(["tar", "-xf", "a.tar"], in: directory)
            for (number, identifier) in chain.enumerated() {
                let bytes = try Data(contentsOf: URL(filePath: "\(directory)/\(identifier)/json"))
                let json = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
                #expect(json["id"] as? String == identifier)
                #expect(json["parent"] as? String == (number == 0 ? nil : chain[number - 1]))
                #expect((json["config"] != nil) == (number == 2))
                #expect(json["architecture"] as? String == "amd64")
                let version = try String(contentsOfFile: "\(directory)/\(identifier)/VERSION", encoding: .utf8)
                #expect(version == "1.0")
            }
            let tag = try #require(image.references.first?.split(separator: ":").last)
            let repositories = try String(contentsOfFile: directory + "/repositories", encoding: .utf8)
            #expect(repositories == #"{"sample":{"\#(tag)":"\#(chain[2])"}}"#)
            #expect(try await ImageChecker.faults(of: directory + "/a.tar") == [])
        }
    }

    private func tag(
        _ spec: ImageSpec,
        _ place: String,
        _ compression: CompressionFormat? = nil
    ) async throws -> String {
        let image = try await Pipeline.build(spec, to: place, compression: compression)
        let reference = try #require(image.references.first)
        return String(try #require(reference.split(separator: ":").last))
    }
}
