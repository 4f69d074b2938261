// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockCompression
import DrydockDigests
import DrydockLayering
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Layers of store paths, each of which is compressed once.
@Suite
struct FragmentTests {
    private static let names = ["a", "b", "c"]
    private static let paths = names.map { "/nix/store/\(String(repeating: $0, count: 32))-x" }
    private static let graph =
        "["
        + paths.map { #"{"path":"\#($0)","narHash":"\#(Digest(of: []))","narSize":500,"references":[]}"# }
        .joined(separator: ",") + "]"

    /// A store below a directory; the third path has more than one block.
    private struct Place {
        let directory: String
        var root: String { directory + "/root" }
        var fragments: LocalFragments { LocalFragments(LocalStore(at: directory + "/cache", now: 1)) }

        func file(_ number: Int) -> String { root + FragmentTests.paths[number] + "/file" }

        /// What a build makes: the image, and the bytes of store paths that it compressed.
        func build(
            _ name: String,
            layering: LayeringSpec,
            compression: CompressionFormat = .gzip,
            width: Int = 2,
            hasCache: Bool = true
        ) async throws -> (image: BuiltImage, compressed: Int64) {
            var spec = ImageSpec(name: "sample", directory: directory)
            spec.architecture = "amd64"
            spec.contents = FragmentTests.paths.map { .nix(.path($0), links: false) }
            spec.layering = layering
            var environment = Pipeline.environment
            environment.store = StoreSettings(uri: root, referencesGraph: Array(FragmentTests.graph.utf8))
            if hasCache { environment.memory = LayerMemory(LocalStore(at: directory + "/cache", now: 1)) }
            let build = ImageBuild(spec: spec, environment: environment)
            let destination = Destination(try ImageLocation("oci:\(directory)/\(name)")).compressed(compression)
            let progress = ProgressCounter()
            let image = try await build.deliver(build.plan(), to: destination, width: width, progress: progress)
            return (image, progress.compressedBytes)
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let place = Place(directory: directory)
            for (number, name) in Self.names.enumerated() {
                try await Command.check(["mkdir", "-p", place.root + Self.paths[number]])
                var generator = SeededGenerator(seed: UInt64(number))
                let text = Data((0..<60_000).map { _ in UInt8(truncatingIfNeeded: generator.below(20)) })
                // Farther apart than gzip looks back.
                let content = number == 2 ? (0..<150).reduce(into: Data()) { all, _ in all += text } : text
                try (Data(name.utf8) + content).write(to: URL(filePath: place.file(number)))
            }
            try await body(place)
        }
    }

    private static let apart = LayeringSpec(algorithm: .perPath)
    private static let together = LayeringSpec(algorithm: .single)

    @Test(arguments: [CompressionFormat.gzip, .zstd])
    func `a layout that has the compressed layers needs none of their files`(format: CompressionFormat) async throws {
        try await withPlace { place in
            let first = try await place.build("first", layering: Self.apart, compression: format)
            for number in Self.paths.indices { try FileManager.default.removeItem(atPath: place.file(number)) }
            let second = try await place.build("first", layering: Self.apart, compression: format)
            #expect(second.image.manifestBytes == first.image.manifestBytes)
            #expect(second.compressed == 0)
        }
    }

    @Test(arguments: [CompressionFormat.gzip, .zstd])
    func `layers that are divided otherwise compress nothing`(format: CompressionFormat) async throws {
        try await withPlace { place in
            let first = try await place.build("first", layering: Self.apart, compression: format)
            #expect(first.image.layers.count == 3)
            #expect(first.compressed > 9_000_000)
            let second = try await place.build("second", layering: Self.together, compression: format)
            #expect(second.image.layers.count == 1)
            #expect(second.compressed == 0)
            // The same as without anything that was kept, whatever the number of threads.
            for width in [1, 2, 3] {
                let fresh = try await place.build(
                    "fresh\(width)",
                    layering: Self.together,
                    compression: format,
                    width: width,
                    hasCache: false
                )
                #expect(fresh.compressed > 9_000_000)
                #expect(fresh.image.manifestBytes == second.image.manifestBytes, "\(width) threads")
            }
        }
    }

    @Test func `another codec compresses anew`() async throws {
        try await withPlace { place in
            _ = try await place.build("first", layering: Self.apart)
            let second = try await place.build("second", layering: Self.apart, compression: .zstd)
            #expect(second.compressed > 9_000_000)
            #expect(try place.fragments.entries().count == 6)
        }
    }

    @Test func `a damaged fragment is noticed and made again`() async throws {
        try await withPlace { place in
            let first = try await place.build("first", layering: Self.together)
            let largest = try #require(try place.fragments.entries().max { $0.size < $1.size })
            let path = "\(place.fragments.folder)/\(largest.name.encoded)"
            let whole = try Data(contentsOf: URL(filePath: path))
            for position in [0, whole.count / 2, whole.count - 1] {
                var damaged = whole
                damaged[position] ^= 1
                try damaged.write(to: URL(filePath: path))
                let again = try await place.build("again\(position)", layering: Self.together)
                #expect(again.image.manifestBytes == first.image.manifestBytes)
                #expect(9_000_000..<9_100_000 ~= again.compressed)
                #expect(try Data(contentsOf: URL(filePath: path)) == whole)
            }
        }
    }

    @Test func `a store path that was changed in place is compressed anew`() async throws {
        try await withPlace { place in
            let first = try await place.build("first", layering: Self.apart)
            let file = try FileHandle(forWritingTo: URL(filePath: place.file(0)))
            try file.write(contentsOf: Data("A".utf8))
            try file.close()
            let second = try await place.build("second", layering: Self.apart)
            let fresh = try await place.build("fresh", layering: Self.apart, hasCache: false)
            #expect(second.image.manifestBytes == fresh.image.manifestBytes)
            #expect(second.image.manifestBytes != first.image.manifestBytes)
        }
    }

    @Test func `a cache that cannot be written to changes nothing`() async throws {
        try await withPlace { place in
            let fresh = try await place.build("fresh", layering: Self.together, hasCache: false)
            try await Command.check(["mkdir", place.directory + "/cache"])
            try Data().write(to: URL(filePath: place.directory + "/cache/fragments"))
            let image = try await place.build("image", layering: Self.together)
            #expect(image.image.manifestBytes == fresh.image.manifestBytes)
        }
    }
}
