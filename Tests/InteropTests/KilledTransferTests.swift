// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockTestSupport
import Foundation
import Synchronization
import Testing

/// Pushes and pulls that are killed in the middle of a blob, and run again, against a registry that continues uploads.
@Suite(.serialized)
struct KilledTransferTests {
    private static let blobSize = 6_000_000
    private static let names = ["a", "b", "c"]

    /// Three layers that do not compress, as an image layout, and a registry.
    private struct Place {
        let directory: String
        let registry: MemoryRegistry
        let arrived = Arrived()

        var layout: String { "oci:\(directory)/layout" }
    }

    /// The bytes of bodies that came to the registry.
    private final class Arrived: Sendable {
        private let sum = Mutex(0)
        var bytes: Int { sum.withLock(\.self) }
        func add(_ count: Int) { sum.withLock { $0 += count } }
    }

    private func withPlace(_ body: (Place, String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            for name in Self.names {
                let write =
                    "mkdir \(directory)/\(name); head -c \(Self.blobSize) /dev/urandom >\(directory)/\(name)/file"
                try await Command.check(["sh", "-c", write])
            }
            let contents = Self.names.map { "{directory: ./\($0), at: /\($0)}" }.joined(separator: ", ")
            try "name: sample\narchitecture: amd64\ncontents: [\(contents)]\n".write(
                toFile: directory + "/image.yaml",
                atomically: true,
                encoding: .utf8
            )
            let place = Place(directory: directory, registry: MemoryRegistry { "\(Digest(of: $0))" })
            try await Drydock.build(directory + "/image.yaml", to: place.layout, options: ["--compress", "gzip"])
            try await place.registry.serve(arrived: { place.arrived.add($0) }) { try await body(place, $0) }
        }
    }

    /// Starts a command and kills it as soon as something holds.
    private func kill(_ arguments: [String], when isTime: () -> Bool) async throws {
        let running = try await Command.start([try Drydock.path] + arguments)
        async let ended = running.output()
        for _ in 0..<60_000 where !isTime() { try await Task.sleep(for: .milliseconds(1)) }
        running.killGroup()
        _ = try await ended
    }

    /// Waits until nothing more comes of what was on its way when a connection broke.
    private func settle(_ place: Place) async throws {
        var (last, quiet) = ((-1, -1), 0)
        for _ in 0..<600 where quiet < 20 {
            let now = (place.registry.size, place.arrived.bytes)
            quiet = now == last ? quiet + 1 : 0
            last = now
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test func `a push that is killed sends only what the registry lacks when it runs again`() async throws {
        try await withPlace { place, authority in
            var generator = SeededGenerator(seed: 7)
            for run in 0..<4 {
                let repository = "run\(run)"
                let cache = ["--cache", "\(place.directory)/cache\(run)", "--progress", "none"]
                let push = ["copy", place.layout, "docker://\(authority)/\(repository):x"] + cache
                let (start, had) = (place.arrived.bytes, place.registry.size)
                let limit = generator.below(Self.blobSize * Self.names.count)
                try await kill(push) { place.arrived.bytes - start >= limit }
                try await settle(place)
                let kept = place.registry.size - had
                let before = place.arrived.bytes
                try await Drydock.check(push)
                let sent = place.arrived.bytes - before
                // Configuration and manifests are small, and go again.
                #expect(sent + kept < Self.blobSize * Self.names.count + 100_000, "run \(run), killed at \(limit)")
                let pulled = "oci:\(place.directory)/pulled\(run)"
                let fresh = ["--cache", "\(place.directory)/fresh\(run)"]
                try await Drydock.check(["pull", "\(authority)/\(repository):x", "-o", pulled] + fresh)
                try await Drydock.check(["validate", pulled])
            }
        }
    }

    @Test func `a pull that is killed fetches only what it lacks when it runs again`() async throws {
        try await withPlace { place, authority in
            try await Drydock.check([
                "copy", place.layout, "docker://\(authority)/a:x", "--cache", "\(place.directory)/c",
            ])
            var generator = SeededGenerator(seed: 8)
            for run in 0..<4 {
                try await FaultyProxy.withProxy(before: place.registry) { proxy in
                    try await pull(run, generator.below(Self.blobSize * Self.names.count), place, proxy)
                }
            }
        }
    }

    private func pull(_ run: Int, _ limit: Int, _ place: Place, _ proxy: FaultyProxy) async throws {
        let cache = "\(place.directory)/pull\(run)"
        let layout = "oci:\(place.directory)/to\(run)"
        let arguments = ["pull", "\(proxy.authority)/a:x", "-o", layout, "--cache", cache, "--progress", "none"]
        try await kill(arguments) {
            Self.files(cache + "/partial", cache + "/blobs/sha256").values.reduce(0, +) >= limit
        }
        let (whole, parts) = (Self.files(cache + "/blobs/sha256"), Self.files(cache + "/partial"))
        let seen = proxy.requests.count
        try await Drydock.check(arguments)
        try await Drydock.check(["validate", layout])
        for request in proxy.requests.dropFirst(seen) where request.target.contains("/blobs/sha256:") {
            let digest = String(request.target.suffix(64))
            #expect(whole[digest] == nil, "run \(run): \(digest) was fetched again")
            guard let part = parts[digest], part > 0 else { continue }
            let range = request.field("Range") ?? ""
            #expect(range.hasPrefix("bytes=\(part)-"), "run \(run): \(digest) has \(part) bytes, asked for \(range)")
        }
    }

    /// The sizes of the files in directories, by name.
    private static func files(_ directories: String...) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for directory in directories {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
                sizes[name] = (attributes?[.size] as? Int) ?? 0
            }
        }
        return sizes
    }
}
