// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

@Suite
struct LocalFragmentsTests {
    private static let tar = StoredFragment.Measure(size: 1_024, checksum: Checksum(bits: 42))
    private static let bytes: [UInt8] = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }

    private static func key(_ name: String, codec: String = "gzip") -> FragmentKey {
        let object = LayerKey.StoreObject(path: "/nix/store/\(name)", narHash: Digest(of: []))
        let layer = LayerKey(
            formatVersion: 1,
            storeObjects: [object, object],
            owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
            modificationTime: 1
        )
        return FragmentKey(object, of: layer, codec: codec)
    }

    private func withFragments(_ body: (LocalFragments) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(LocalFragments(LocalStore(at: $0 + "/cache", now: 1))) }
    }

    private func keep(_ bytes: [UInt8] = bytes, as key: FragmentKey, in fragments: LocalFragments) throws {
        var pending = try fragments.begin(key)
        for start in stride(from: 0, to: bytes.count, by: 100_000) {
            let piece = Array(bytes[start..<min(bytes.count, start + 100_000)])
            try unsafe piece.withUnsafeBytes { try unsafe pending.write($0) }
        }
        _ = try pending.commit(tar: Self.tar)
    }

    private func read(_ fragment: StoredFragment) throws -> (bytes: [UInt8], isRight: Bool) {
        var bytes: [UInt8] = []
        let isRight = try unsafe fragment.read { piece in bytes += unsafe Array(piece) }
        return (bytes, isRight)
    }

    @Test func `a fragment is found under its key alone`() async throws {
        try await withFragments { fragments in
            #expect(try fragments.fragment(Self.key("a")) == nil)
            try keep(as: Self.key("a"), in: fragments)
            let kept = try #require(try fragments.fragment(Self.key("a")))
            #expect(kept.tar == Self.tar)
            let (bytes, isRight) = try read(kept)
            #expect(isRight)
            #expect(bytes == Self.bytes)
            #expect(try fragments.fragment(Self.key("b")) == nil)
            #expect(try fragments.fragment(Self.key("a", codec: "zstd")) == nil)
            // A name alone does not make a fragment of another key.
            try FileManager.default.copyItem(
                atPath: fragments.path(of: Self.key("a")),
                toPath: fragments.path(of: Self.key("b"))
            )
            #expect(try fragments.fragment(Self.key("b")) == nil)
        }
    }

    @Test func `every damage is noticed`() async throws {
        try await withFragments { fragments in
            let small = Array(Self.bytes.prefix(50))
            try keep(small, as: Self.key("a"), in: fragments)
            let path = fragments.path(of: Self.key("a"))
            let whole = try Data(contentsOf: URL(filePath: path))
            #expect(whole.count == small.count + 80)
            for position in whole.indices {
                var damaged = whole
                damaged[position] ^= 0x10
                try damaged.write(to: URL(filePath: path))
                let kept = try fragments.fragment(Self.key("a"))
                #expect(try kept.map { try read($0).isRight } != true, "byte \(position)")
            }
            for count in whole.indices {
                try whole.prefix(count).write(to: URL(filePath: path))
                #expect(try fragments.fragment(Self.key("a")) == nil, "\(count) bytes")
            }
        }
    }

    @Test func `what is not committed leaves nothing, and what is kept is replaced`() async throws {
        try await withFragments { fragments in
            do {
                var pending = try fragments.begin(Self.key("a"))
                try unsafe Self.bytes.withUnsafeBytes { try unsafe pending.write($0) }
            }
            #expect(try fragments.entries() == [])
            try keep([1, 2, 3], as: Self.key("a"), in: fragments)
            try keep([1, 2, 3, 4], as: Self.key("a"), in: fragments)
            #expect(try fragments.fragment(Self.key("a"))?.blob.size == 4)
            try keep(as: Self.key("b"), in: fragments)
            #expect(try fragments.entries().map(\.size).sorted() == [84, 700_080])
            #expect(try fragments.remove { $0.size > 1_000 }.map(\.name) == [Self.key("b").digest])
            #expect(try fragments.entries().map(\.name) == [Self.key("a").digest])
        }
    }

    @Test func `a fragment that is used counts as used`() async throws {
        try await withFragments { fragments in
            try keep(as: Self.key("a"), in: fragments)
            let path = fragments.path(of: Self.key("a"))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 5)],
                ofItemAtPath: path
            )
            #expect(try fragments.entries().map(\.used) == [5])
            #expect(try fragments.fragment(Self.key("a")) != nil)
            #expect(try fragments.entries().allSatisfy { $0.used > 5 })
        }
    }

    @Test func `pieces are read as one blob from any byte on`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/file"
            try Data(Self.bytes).write(to: URL(filePath: path))
            var blob = StitchedBlob()
            blob.append(.bytes([1, 2, 3]))
            blob.append(.file(path: path, size: 600_000))
            blob.append(.bytes([]))
            blob.append(.bytes([4, 5]))
            let whole = [1, 2, 3] + Self.bytes.prefix(600_000) + [4, 5]
            #expect(blob.size == 600_005)
            let descriptor = Descriptor(of: whole, mediaType: .layerGzip)
            for offset in [0, 1, 3, 4, 300_000, 600_003, 600_004, 600_005] {
                var bytes: [UInt8] = []
                unsafe try await blob.readBlob(descriptor, from: Int64(offset)) { bytes += unsafe Array($0) }
                #expect(bytes == Array(whole[offset...]), "from \(offset)")
            }
        }
    }
}
