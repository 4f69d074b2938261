// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
import DrydockFiles
public import DrydockOCI
import Glibc

/// The blobs of the local store: what was pulled, by digest, and what was pulled in part.
///
/// Blobs are files below `blobs/sha256`, as in an image layout. One that is not whole yet is below `partial`, and whoever
/// wants the same blob next continues it, also another process. Under its digest a blob is whole and was verified; only a crash of
/// the machine may leave less of it, and then it counts as not there.
///
/// The functions wait for the disk: call them on a `BlockingPool`.
public struct LocalBlobs: Sendable {
    /// The directory of the store.
    public let directory: String

    /// The blobs of a store, whose directories are created when the first blob comes.
    public init(_ store: LocalStore) { directory = store.directory }

    private var folder: String { directory + "/blobs/sha256" }
    private var partialFolder: String { directory + "/partial" }

    /// Where the blob is, or would be.
    public func path(of digest: Digest) -> String { "\(folder)/\(digest.encoded)" }

    private func partialPath(of digest: Digest) -> String { "\(partialFolder)/\(digest.encoded)" }

    /// Begins a blob whose digest is known only when it is written.
    ///
    /// - Throws: `SystemError`; ``LocalStoreFailure`` if the directory must not be used.
    public func beginBlob() throws -> PendingBlob {
        try prepare()
        return try PendingBlob(in: folder)
    }

    /// Puts a small blob that is in memory.
    ///
    /// - Throws: `SystemError`; ``LocalStoreFailure``.
    public func put(_ bytes: [UInt8], as blob: Descriptor) async throws {
        try await putBlob(blob, from: BytesSource(bytes: bytes))
    }

    /// All bytes of a small blob, verified; nil if it is not there.
    ///
    /// - Throws: `SystemError`.
    public func bytes(of blob: Descriptor, limit: Int) throws -> [UInt8]? {
        guard try PendingBlob.size(of: path(of: blob.digest)) == blob.size, blob.size <= limit else { return nil }
        let bytes = try HostFile.read(path(of: blob.digest), limit: limit)
        return Digest(of: bytes) == blob.digest ? bytes : nil
    }
}

// MARK: - Reading

extension LocalBlobs: BlobSource {
    /// Hands the bytes of a blob to `body`.
    ///
    /// - Throws: `SystemError` if the blob is not there; what `body` throws.
    public func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        let path = path(of: blob.digest)
        let file = try OwnedDescriptor(opening: path)
        // Using a blob is what keeps it from being collected.
        _ = unsafe utimes(path, nil)
        let buffer = AlignedBuffer(capacity: Self.step)
        var offset = offset
        while true {
            buffer.count = try unsafe file.read(into: buffer.storage, at: offset, path: path)
            guard buffer.count > 0 else { return }
            offset += Int64(buffer.count)
            unsafe try await body(buffer.bytes)
        }
    }

    private static let step = 256 << 10
}

// MARK: - Writing

extension LocalBlobs: BlobSink {
    /// Whether a file of the blob's size has its name.
    public func hasBlob(_ blob: Descriptor) async throws -> Bool {
        try PendingBlob.size(of: path(of: blob.digest)) == blob.size
    }

    /// Puts a blob unless it is there; continues what was begun before, and begins anew once if that proves damaged.
    ///
    /// - Throws: ``LocalStoreFailure`` if the bytes have another digest or size; what the source throws.
    public func putBlob(_ blob: Descriptor, from source: any BlobSource) async throws {
        if try await hasBlob(blob) { return }
        try prepare()
        let partial = try await PartialFile(partialPath(of: blob.digest))
        // Another process may have completed it while this one waited.
        if try await hasBlob(blob) { return partial.discard() }
        for isLast in [false, true] {
            let hash = try await fill(partial, blob, from: source)
            let actual = hash.finish()
            if actual == blob.digest, hash.byteCount == blob.size {
                return try partial.commit(as: path(of: blob.digest))
            }
            try partial.empty()
            guard isLast else { continue }
            partial.discard()
            throw LocalStoreFailure(.wrongBlob(expected: blob.digest, actual: actual), path: directory)
        }
    }

    /// Appends what is missing, and hashes everything.
    private func fill(_ partial: borrowing PartialFile, _ blob: Descriptor, from source: any BlobSource) async throws
        -> StreamingHash
    {
        var hash = try partial.hash(limit: blob.size)
        var offset = hash.byteCount
        let output = partial.output
        unsafe try await source.readBlob(blob, from: offset) { bytes in
            try unsafe output.write(bytes, at: offset)
            unsafe hash.update(bytes)
            offset += Int64(bytes.count)
        }
        return hash
    }

    private func prepare() throws {
        try StoreDirectory(path: directory).prepare()
        for path in [directory + "/blobs", folder, partialFolder] where unsafe mkdir(path, 0o700) != 0 {
            let errorNumber = errno
            guard errorNumber == EEXIST else { throw SystemError("create", path, errorNumber: errorNumber) }
        }
    }
}

/// A blob that is not whole yet, held by one process at a time.
private struct PartialFile: ~Copyable {
    private let path: String
    private let descriptor: OwnedDescriptor

    var output: OutputDescriptor { OutputDescriptor(number: descriptor.number, path: path) }

    /// Opens or creates the file; waits while another task or process has it.
    init(_ path: String) async throws {
        self.path = path
        while true {
            let file = try OwnedDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            if flock(file.number, LOCK_EX | LOCK_NB) == 0 {
                let identity = try file.status(path: path).identity
                // Between opening and locking, the other may have given the file its final name.
                if (try? FileStatus(of: path, followingLinks: false).identity) == identity {
                    descriptor = file
                    return
                }
            } else {
                let errorNumber = errno
                guard errorNumber == EWOULDBLOCK || errorNumber == EINTR else {
                    throw SystemError("lock", path, errorNumber: errorNumber)
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// The hash of what is there; a file that is longer than the blob is emptied first.
    func hash(limit: Int64) throws -> StreamingHash {
        if try descriptor.status(path: path).size > limit { try empty() }
        var hash = StreamingHash()
        let buffer = AlignedBuffer(capacity: 256 << 10)
        while true {
            buffer.count = try unsafe descriptor.read(into: buffer.storage, at: hash.byteCount, path: path)
            if buffer.count == 0 { return hash }
            unsafe hash.update(buffer.bytes)
        }
    }

    func empty() throws { try output.setSize(0) }

    /// Gives the file its final name.
    ///
    /// It does not wait for the disk: what a crash of the machine leaves too short is fetched again, and whoever reads a blob
    /// verifies it.
    consuming func commit(as final: String) throws {
        guard unsafe rename(path, final) == 0 else { throw SystemError("create", final, errorNumber: errno) }
    }

    consuming func discard() { _ = unsafe unlink(path) }
}

/// A blob in memory.
private struct BytesSource: BlobSource {
    let bytes: [UInt8]

    func readBlob(_ blob: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        guard offset < Int64(bytes.count) else { return }
        let buffer = AlignedBuffer(capacity: bytes.count)
        unsafe buffer.storage.copyBytes(from: bytes)
        buffer.count = bytes.count
        unsafe try await body(UnsafeRawBufferPointer(rebasing: buffer.bytes[Int(offset)...]))
    }
}

// MARK: - Keeping house

extension LocalBlobs {
    /// A blob, or the part of one.
    public struct Entry: Hashable, Sendable {
        /// The digest that it has, or will have.
        public let digest: Digest
        /// Its bytes so far.
        public let size: Int64
        /// Whether it is whole.
        public let isComplete: Bool
        /// When it was used last, in seconds since 1970.
        public let used: Int64
    }

    /// Everything that is there, in the order of its digests.
    ///
    /// - Throws: `SystemError`.
    public func entries() throws -> [Entry] {
        try entries(in: folder, areComplete: true) + entries(in: partialFolder, areComplete: false)
    }

    /// Removes blobs; what somebody is just pulling stays.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func remove(where isUnwanted: (Entry) -> Bool) throws -> [Entry] {
        try entries().filter { entry in
            guard isUnwanted(entry) else { return false }
            let path = entry.isComplete ? path(of: entry.digest) : partialPath(of: entry.digest)
            guard let file = try? OwnedDescriptor(opening: path, flags: O_RDWR | O_NOFOLLOW),
                flock(file.number, LOCK_EX | LOCK_NB) == 0
            else { return false }
            return unsafe unlink(path) == 0
        }
    }

    private func entries(in folder: String, areComplete: Bool) throws -> [Entry] {
        guard (try? FileStatus(of: folder)) != nil else { return [] }
        return try HostDirectory(folder).names().compactMap { name -> Entry? in
            let path = "\(folder)/\(name)"
            guard let digest = try? Digest("sha256:\(name)"),
                let status = try? FileStatus(of: path, followingLinks: false)
            else { return nil }
            return Entry(
                digest: digest,
                size: status.size,
                isComplete: areComplete,
                used: status.modified / 1_000_000_000
            )
        }.sorted { $0.digest.encoded < $1.digest.encoded }
    }
}
