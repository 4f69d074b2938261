// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Archives with random damage are read, or refused with an error of this module: never anything else.
@Suite struct StoredImageMutationTests {
    /// A way to make an archive that is whole.
    struct Origin: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: @Sendable () async throws -> [UInt8]

        static let all = [
            Origin(testDescription: "docker-archive") {
                let image = try await SampleImage("hello")
                return try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
            },
            Origin(testDescription: "docker-archive in gzip") {
                let image = try await SampleImage("hello")
                let tar = try await SampleImage.tar(image.dockerFiles(names: ["a:1"], layerNames: ["l/layer.tar"]))
                return try await output(of: ["gzip", "-nc"], input: tar)
            },
            Origin(testDescription: "docker-archive without manifest") {
                try await SampleImage.tar([
                    "repositories": Array(#"{"me/app":{"1":"b","2":"b"}}"#.utf8),
                    "a/json": Array(#"{"id":"a","created":"2014-01-01T00:00:00Z","container_config":{}}"#.utf8),
                    "b/json": Array(#"{"id":"b","parent":"a","config":{"Cmd":["/app"]}}"#.utf8),
                    "a/layer.tar": try await SampleImage.tar(["lower": [1]]),
                    "b/layer.tar": try await SampleImage.tar(["upper": [2]]),
                ])
            },
            Origin(testDescription: "oci-archive") {
                try await withTemporaryDirectory { directory in
                    let layout = try ImageLayout(creating: "\(directory)/layout")
                    try await SampleImage("hello").compressed().write(to: layout, name: "v1")
                    return try await output(of: ["tar", "-c", "-C", layout.path, "."])
                }
            },
        ]
    }

    @Test(arguments: Origin.all) func `damage is refused in words or does not matter`(_ origin: Origin) async throws {
        let whole = try await origin.bytes()
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/image.tar"
            var refused = 0
            for seed in 0..<250 {
                var generator = SeededGenerator(seed: UInt64(seed))
                try write(Self.damaged(whole, &generator), to: path)
                do { try readAll(path, directory) } catch is ImageStorageFailure {
                    refused += 1
                } catch {
                    Issue.record("seed \(seed): \(error)")
                }
            }
            #expect(refused > 0)
        }
    }

    private func readAll(_ path: String, _ directory: String) throws {
        for image in try StoredImage.all(at: ImageLocation(path), temporaryDirectory: directory) {
            for number in image.layers.indices {
                _ = try image.blob(ofLayer: number).open().all()
                _ = try image.blob(ofLayer: number).openTar().all()
            }
        }
    }

    /// Bytes that are changed, left out, doubled or cut off in a few places, most of them where something stands.
    private static func damaged(_ whole: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = whole
        let places = whole.indices.filter { whole[$0] != 0 }
        for _ in 0...generator.below(4) {
            let position = min(generator.pick(places), bytes.count - 1)
            switch generator.below(8) {
            case 0: bytes.remove(at: position)
            case 1: bytes.insert(bytes[position], at: position)
            case 2: bytes.replaceSubrange(position..<min(position + 512, bytes.count), with: [])
            case 3: bytes.removeLast(bytes.count - max(position, 1))
            case 4: bytes[position] = generator.pick(Array(#"{}[]",:0-9./\"#.utf8))
            default: bytes[position] ^= 1 << UInt8(generator.below(8))
            }
        }
        return bytes
    }
}
