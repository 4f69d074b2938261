// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Blobs and compressed store paths in the cache.
@Suite
struct CacheFileTests {
    private static let blob = [UInt8](repeating: 7, count: 2_000)
    private static let tar = [UInt8](repeating: 1, count: 1_024)

    private func run(_ arguments: String..., cache: String) async throws -> Command.Output {
        try await Command.run([DrydockProgram.path, "cache"] + arguments + ["--cache", cache])
    }

    private static var blobPath: String { "blobs/sha256/\(Digest(of: blob).encoded)" }

    /// A cache with a blob, a part of another, and a fragment of 140 bytes or so.
    private func withCache(_ body: (String, LocalFragments) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let cache = directory + "/cache"
            try await Command.check(["mkdir", "-p", "-m", "700", cache + "/blobs/sha256", cache + "/partial"])
            try Data(Self.blob).write(to: URL(filePath: "\(cache)/\(Self.blobPath)"))
            let part = Digest(of: [1])
            try Data([1, 2, 3]).write(to: URL(filePath: "\(cache)/partial/\(part.encoded)"))
            let fragments = LocalFragments(LocalStore(at: cache, now: 1))
            var checksum = StreamingChecksum()
            unsafe Self.tar.withUnsafeBytes { unsafe checksum.update($0) }
            let measure = StoredFragment.Measure(size: Int64(Self.tar.count), checksum: checksum.finish())
            let bytes = try BlockCompressor(.gzip).compress(Self.tar)
            var pending = try fragments.begin(Self.key)
            try unsafe bytes.withUnsafeBytes { try unsafe pending.write($0) }
            _ = try pending.commit(tar: measure)
            try await body(cache, fragments)
        }
    }

    private static let key = FragmentKey(
        LayerKey.StoreObject(path: "/nix/store/a", narHash: Digest(of: [])),
        of: LayerKey(
            formatVersion: 1,
            storeObjects: [],
            owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
            modificationTime: 1
        ),
        codec: "gzip"
    )

    /// Says that a file was used last on 2026-01-01.
    private func age(_ path: String) async throws {
        try await Command.check(["touch", "-d", "2026-01-01T00:00:00Z", path])
    }

    @Test func `files are listed`() async throws {
        try await withCache { cache, fragments in
            try await age("\(cache)/\(Self.blobPath)")
            let text = try await run("ls", cache: cache).text
            #expect(text.contains("\(Digest(of: Self.blob))  2.00 kB  2026-01-01\n"))
            #expect(text.contains("\(Digest(of: [1]))  3 B      "))
            #expect(text.contains("  (a part)\n"))
            let size = try #require(try fragments.entries().first).size
            #expect(text.hasSuffix("2 blobs, 2.00 kB, and 1 fragment, \(size) B, kept in \(cache)"))
            let json = try JSON(Array(try await run("ls", "--json", cache: cache).text.utf8))
            let files = json["files"]?.elements ?? []
            #expect(files.map { $0["kind"] } == [.string("blob"), .string("partial"), .string("fragment")])
            #expect(files.first?["digest"] == .string("\(Digest(of: Self.blob))"))
            #expect(files.first?["size"] == .number(2_000))
            #expect(files.first?["used"] == .string("2026-01-01T00:00:00Z"))
        }
    }

    @Test func `what was not used for long is removed`() async throws {
        try await withCache { cache, _ in
            #expect(try await run("gc", cache: cache).text == "Forgot 0 of 0 layers in \(cache), freed 0 B")
            try await age("\(cache)/\(Self.blobPath)")
            let text = try await run("gc", "--older-than", "1d", cache: cache).text
            #expect(text == "Forgot 0 of 0 layers in \(cache), freed 2.00 kB; removed 1 blob, 2.00 kB")
            let all = try await run("gc", "--all", "--json", cache: cache).text
            #expect(try JSON(Array(all.utf8))["removedFiles"]?.elements.count == 2)
            #expect(try await run("ls", cache: cache).text == "Nothing is remembered in \(cache)")
        }
    }

    @Test func `what was used longest ago is removed until the rest is small enough`() async throws {
        try await withCache { cache, fragments in
            try await age(fragments.path(of: Self.key))
            #expect(
                try await run("gc", "--older-than", "9999d", "--max-size", "1GB", cache: cache).text.hasSuffix(
                    "freed 0 B"
                )
            )
            let text = try await run("gc", "--older-than", "9999d", "--max-size", "2003B", cache: cache).text
            #expect(text.contains("; removed 1 fragment, "))
            #expect(
                try await run("gc", "--older-than", "9999d", "--max-size", "0B", cache: cache).text.hasSuffix(
                    "; removed 2 blobs, 2.00 kB"
                )
            )
            let wrong = try await run("gc", "--max-size", "12", cache: cache)
            #expect(wrong.status == 64)
            #expect(wrong.errorText.hasPrefix("Error: The value '12' is invalid for '--max-size <size>'"))
        }
    }

    @Test func `what is damaged is found and removed`() async throws {
        try await withCache { cache, fragments in
            let whole = try await run("verify", cache: cache)
            #expect(whole.status == 0)
            #expect(whole.text.contains("\nRead 1 blob, 2.00 kB, and 1 fragment, "))
            #expect(whole.text.hasSuffix(" B: 0 damaged and removed"))
            for path in ["\(cache)/\(Self.blobPath)", fragments.path(of: Self.key)] {
                var bytes = try Data(contentsOf: URL(filePath: path))
                bytes[bytes.startIndex + 20] ^= 1
                try bytes.write(to: URL(filePath: path))
            }
            let damaged = try await run("verify", cache: cache)
            #expect(damaged.status == 1)
            #expect(damaged.text.contains("damaged  blob \(Digest(of: Self.blob))\n"))
            #expect(damaged.text.contains("damaged  fragment \(Self.key.digest)\n"))
            #expect(damaged.text.hasSuffix(" B: 2 damaged and removed"))
            let json = try JSON(Array(try await run("verify", "--json", cache: cache).text.utf8))
            #expect(json["files"] == .number(0))
            #expect(json["damaged"] == .array([]))
        }
    }
}
