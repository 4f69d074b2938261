// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import DrydockOCI
import DrydockTestSupport
import Testing

/// Documents and references with random damage are refused, or mean the same when they are written and read again.
@Suite struct DocumentMutationTests {
    private static let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    private static let manifest =
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"#
        + #""application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2},"layers":[{"mediaType":"#
        + #""application/vnd.oci.image.layer.v1.tar+gzip","digest":"\#(digest)","size":32654,"urls":["https://a/b"]}],"#
        + #""annotations":{"a":"b"},"x":[1,2.5e-3,null,"\ud83d\ude00"]}"#

    private static let index =
        #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"#
        + #""\#(digest)","size":7143,"platform":{"architecture":"arm","os":"linux","variant":"v7","os.features":["x"]}}]}"#

    private static let configuration =
        #"{"created":"2015-10-31T22:22:56.015925234Z","architecture":"amd64","os":"linux","config":{"User":"a:b","#
        + #""ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Entrypoint":["/x"],"Volumes":{"/v":{}},"Labels":{"l":"m"},"#
        + #""Healthcheck":{"Test":["CMD"],"Interval":1}},"rootfs":{"type":"layers","diff_ids":["\#(digest)"]},"#
        + #""history":[{"created_by":"x","empty_layer":true},{"author":"y"}]}"#

    private static func damaged(_ text: String, seed: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes = Array(text.utf8)
        for _ in 0...generator.below(3) {
            let position = generator.below(bytes.count)
            switch generator.below(5) {
            case 0: bytes.remove(at: position)
            case 1: bytes.insert(generator.pick(Array(#"{}[]",:0-9./\nul@_"#.utf8)), at: position)
            case 2: bytes.replaceSubrange(position..<min(position + 40, bytes.count), with: [])
            case 3: bytes.insert(contentsOf: bytes[position..<min(position + 40, bytes.count)], at: position)
            default: bytes[position] ^= 1 << UInt8(generator.below(8))
            }
            if bytes.isEmpty { return [] }
        }
        return bytes
    }

    private func expectSound<Document: JSONConvertible & Equatable>(_ type: Document.Type, _ text: String) throws {
        _ = try Document(parsing: Array(text.utf8))
        for seed in 0..<1500 {
            guard let document = try? Document(parsing: Self.damaged(text, seed: seed)) else { continue }
            #expect(try Document(parsing: CanonicalJSON.encode(document)) == document, "seed \(seed)")
        }
    }

    @Test func `manifests`() throws { try expectSound(ImageManifest.self, Self.manifest) }

    @Test func `indexes`() throws { try expectSound(ImageIndex.self, Self.index) }

    @Test func `configurations`() throws { try expectSound(ImageConfiguration.self, Self.configuration) }

    @Test(arguments: ["redis", "localhost:5000/a/b-c_d:v1.2", "registry.example.com/x@\(digest)", "[::1]:5000/a:t"])
    func `references`(text: String) throws {
        for seed in 0..<1500 {
            let bytes = Self.damaged(text, seed: seed)
            guard let reference = try? ImageReference(String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(try ImageReference(reference.description) == reference, "seed \(seed)")
            #expect(try ImageReference(reference.familiarDescription) == reference, "seed \(seed)")
        }
    }
}
