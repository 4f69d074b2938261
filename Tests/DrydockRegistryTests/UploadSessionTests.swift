// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import Synchronization
import Testing

/// Uploads that an earlier process has begun.
struct UploadSessionTests {
    /// What is kept, in memory.
    private final class Session: UploadSession {
        private let kept: Mutex<String?>

        init(_ location: String? = nil) { kept = Mutex(location) }

        var location: String? { kept.withLock(\.self) }
        func remember(_ location: String) { kept.withLock { $0 = location } }
        func forget() { kept.withLock { $0 = nil } }
    }

    /// Bytes that end too early, as when the process is killed.
    private struct CutSource: BlobSource {
        struct Killed: Error {}

        let bytes: [UInt8]
        let end: Int

        func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
            guard offset < end else { throw Killed() }
            let part = Array(bytes[Int(offset)..<end])
            let whole = MemoryBlobs([part])
            unsafe try await whole.readBlob(Descriptor(of: part, mediaType: .layerGzip), from: 0, body)
            throw Killed()
        }
    }

    private let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    private var blob: Descriptor { Descriptor(of: bytes, mediaType: .layerGzip) }

    private func withRegistry(_ body: (MemoryRegistry, FaultyProxy) async throws -> Void) async throws {
        let registry = MemoryRegistry { "\(Digest(of: $0))" }
        try await FaultyProxy.withProxy(before: registry) { try await body(registry, $0) }
    }

    private func options(chunkSize: Int64) -> RegistryClientOptions {
        var options = RegistryClientOptions.impatient
        options.chunkSize = chunkSize
        return options
    }

    /// The bytes of all bodies that the registry got of the blob.
    private func sent(_ proxy: FaultyProxy, after count: Int) -> Int {
        proxy.requests.dropFirst(count).filter { $0.verb == "PATCH" || $0.verb == "PUT" }
            .reduce(0) { $0 + (Int($1.field("Content-Length") ?? "") ?? 0) }
    }

    @Test func `another process sends only what the registry lacks`() async throws {
        try await withRegistry { registry, proxy in
            let session = Session()
            try await withRepository("a", at: proxy.authority, options: options(chunkSize: 30_000)) { repository in
                _ = await #expect(throws: CutSource.Killed.self) {
                    try await repository.sendBlob(blob, from: CutSource(bytes: bytes, end: 70_000), session: session)
                }
            }
            #expect(registry.pendingBytes == 60_000)
            #expect(session.location != nil)
            let count = proxy.requests.count
            try await withRepository("a", at: proxy.authority, options: options(chunkSize: 30_000)) { repository in
                try await repository.sendBlob(blob, from: MemoryBlobs([bytes]), session: session)
            }
            #expect(registry.blob("\(blob.digest)", in: "a") == bytes)
            #expect(sent(proxy, after: count) == 40_000)
            #expect(session.location == nil)
        }
    }

    @Test(arguments: ["http://127.0.0.1:1/v2/a/blobs/uploads/9", "nonsense", "/v2/a/blobs/uploads/9"])
    func `an upload that leads nowhere costs only time`(location: String) async throws {
        try await withRegistry { registry, proxy in
            for known in [location, "http://\(proxy.authority)/v2/a/blobs/uploads/9"] {
                let session = Session(known)
                try await withRepository("a", at: proxy.authority, options: options(chunkSize: 30_000)) { repository in
                    try await repository.sendBlob(blob, from: MemoryBlobs([bytes]), session: session)
                }
                #expect(registry.blob("\(blob.digest)", in: "a") == bytes)
                #expect(session.location == nil)
            }
        }
    }

    @Test func `an upload with other bytes is begun anew`() async throws {
        try await withRegistry { registry, proxy in
            let other = bytes.map { ~$0 }
            let session = Session()
            try await withRepository("a", at: proxy.authority, options: options(chunkSize: 30_000)) { repository in
                _ = await #expect(throws: CutSource.Killed.self) {
                    try await repository.sendBlob(blob, from: CutSource(bytes: other, end: 70_000), session: session)
                }
                try await repository.sendBlob(blob, from: MemoryBlobs([bytes]), session: session)
            }
            #expect(registry.blob("\(blob.digest)", in: "a") == bytes)
        }
    }
}
