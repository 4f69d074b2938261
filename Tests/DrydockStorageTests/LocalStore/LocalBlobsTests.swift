// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct LocalBlobsTests {
    /// Gives the bytes piece by piece, and breaks off after some of them.
    private final class Source: BlobSource {
        let bytes: [UInt8]
        let limit: Int
        let offsets = Mutex<[Int64]>([])

        struct Broken: Error {}

        init(_ bytes: [UInt8], limit: Int = .max) {
            self.bytes = bytes
            self.limit = limit
        }

        func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
            offsets.withLock { $0.append(offset) }
            var sent = 0
            for start in stride(from: Int(offset), to: bytes.count, by: 1_000) {
                guard sent < limit else { throw Broken() }
                var piece = Array(bytes[start..<min(start + 1_000, bytes.count)])
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 16)
                defer { unsafe memory.deallocate() }
                unsafe memory.copyBytes(from: piece)
                unsafe try await body(UnsafeRawBufferPointer(memory))
                sent += piece.count
                piece = []
            }
        }
    }

    private let bytes = (0..<10_500).map { UInt8(truncatingIfNeeded: $0 * 7) }
    private var blob: Descriptor { Descriptor(of: bytes, mediaType: .layerGzip) }

    private func withBlobs(_ body: (LocalBlobs) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(LocalBlobs(LocalStore(at: "\($0)/cache", now: 1))) }
    }

    @Test func `a blob that is put is there`() async throws {
        try await withBlobs { blobs in
            #expect(try await !blobs.hasBlob(blob))
            try await blobs.putBlob(blob, from: Source(bytes))
            #expect(try await blobs.hasBlob(blob))
            #expect(try blobs.bytes(of: blob, limit: 1 << 20) == bytes)
            var read: [UInt8] = []
            unsafe try await blobs.readBlob(blob, from: 500) { piece in read += unsafe Array(piece) }
            #expect(read == Array(bytes[500...]))
        }
    }

    @Test func `what was begun is continued`() async throws {
        try await withBlobs { blobs in
            await #expect(throws: Source.Broken.self) {
                try await blobs.putBlob(blob, from: Source(bytes, limit: 4_000))
            }
            #expect(try await !blobs.hasBlob(blob))
            #expect(try blobs.entries().map(\.isComplete) == [false])
            let source = Source(bytes)
            try await blobs.putBlob(blob, from: source)
            #expect(source.offsets.withLock(\.self) == [4_000])
            #expect(try blobs.bytes(of: blob, limit: 1 << 20) == bytes)
            #expect(try blobs.entries().map(\.isComplete) == [true])
        }
    }

    @Test func `a damaged part is thrown away`() async throws {
        try await withBlobs { blobs in
            await #expect(throws: Source.Broken.self) {
                try await blobs.putBlob(blob, from: Source(bytes.map { $0 ^ 1 }, limit: 4_000))
            }
            let source = Source(bytes)
            try await blobs.putBlob(blob, from: source)
            #expect(source.offsets.withLock(\.self) == [4_000, 0])
            #expect(try blobs.bytes(of: blob, limit: 1 << 20) == bytes)
        }
    }

    @Test(arguments: [[UInt8](), [1, 2, 3], Array(repeating: 9, count: 20_000)])
    func `bytes of another digest are refused and leave nothing`(other: [UInt8]) async throws {
        try await withBlobs { blobs in
            let failure = await #expect(throws: LocalStoreFailure.self) {
                try await blobs.putBlob(blob, from: Source(other))
            }
            #expect(failure?.reason == .wrongBlob(expected: blob.digest, actual: Digest(of: other)))
            let entries = try blobs.entries()
            #expect(entries.isEmpty)
        }
    }

    @Test func `several may put the same blob at once`() async throws {
        try await withBlobs { blobs in
            let source = Source(bytes)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { try await blobs.putBlob(blob, from: source) } }
                try await group.waitForAll()
            }
            #expect(source.offsets.withLock(\.self) == [0])
            #expect(try blobs.bytes(of: blob, limit: 1 << 20) == bytes)
        }
    }

    @Test func `what is not wanted is removed`() async throws {
        try await withBlobs { blobs in
            try await blobs.putBlob(blob, from: Source(bytes))
            try await blobs.put([1, 2, 3], as: Descriptor(of: [1, 2, 3], mediaType: .layerGzip))
            let removed = try blobs.remove { $0.size > 3 }
            #expect(removed.map(\.digest) == [blob.digest])
            #expect(try blobs.entries().map(\.size) == [3])
        }
    }
}
