// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import Synchronization

/// Blobs in memory.
final class MemoryBlobs: BlobSource {
    private let blobs: Mutex<[Digest: [UInt8]]>

    init(_ blobs: [[UInt8]] = []) {
        self.blobs = Mutex(Dictionary(uniqueKeysWithValues: blobs.map { (Digest(of: $0), $0) }))
    }

    func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        var rest = (blobs.withLock { $0[blob.digest] } ?? [])[Int(offset)...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(10_000))
            rest = rest.dropFirst(10_000)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 16)
            defer { unsafe memory.deallocate() }
            unsafe memory.copyBytes(from: piece)
            unsafe try await body(UnsafeRawBufferPointer(memory))
        }
    }
}

extension BlobSource {
    /// All bytes of a blob.
    func bytes(of blob: Descriptor, from offset: Int64 = 0) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        unsafe try await readBlob(blob, from: offset) { piece in bytes += unsafe Array(piece) }
        return bytes
    }
}

/// An image of random bytes that no runtime would start.
struct SampleArtifact {
    let config: [UInt8]
    let layers: [[UInt8]]
    let manifest: RegistryManifest

    init(seed: UInt64, sizes: [Int]) {
        var generator = SeededGenerator(seed: seed)
        layers = sizes.map { size in (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) } }
        config = Array(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"seed":\#(seed)}"#.utf8
        )
        let document = ImageManifest(
            config: Descriptor(of: config, mediaType: .imageConfiguration),
            layers: layers.map { Descriptor(of: $0, mediaType: .layerGzip) }
        )
        manifest = RegistryManifest(CanonicalJSON.encode(document), mediaType: .imageManifest)
    }

    var blobs: [[UInt8]] { [config] + layers }
    var descriptors: [Descriptor] {
        [Descriptor(of: config, mediaType: .imageConfiguration)]
            + layers.map { Descriptor(of: $0, mediaType: .layerGzip) }
    }

    /// Pushes blobs, the manifest by its digest, and the tag.
    func push(to repository: RegistryRepository, tag: String) async throws {
        let source = MemoryBlobs(blobs)
        for blob in descriptors { try await repository.putBlob(blob, from: source) }
        try await repository.putManifest(manifest, as: .digest(manifest.descriptor.digest))
        try await repository.putManifest(manifest, as: .tag(tag))
    }
}

extension RegistryClientOptions {
    /// Waits take no time.
    static var impatient: RegistryClientOptions {
        var options = RegistryClientOptions()
        options.clock.sleep = { _ in try Task.checkCancellation() }
        options.clock.jitter = { 0 }
        options.retry.attempts = 12
        return options
    }
}

/// Runs `body` with a repository of a registry without TLS.
func withRepository<Result: Sendable>(
    _ name: String,
    at authority: String,
    credentials: RegistryCredentials = .none,
    options: RegistryClientOptions = .impatient,
    settings: DirectSettings = DirectSettings(scheme: .http),
    _ body: (RegistryRepository) async throws -> Result
) async throws -> Result {
    try await RegistryClient.withClient(
        credentials: FixedCredentials(credentials),
        settings: settings,
        options: options
    ) { client in
        try await body(try await client.repository(of: try ImageReference("\(authority)/\(name)")))
    }
}
