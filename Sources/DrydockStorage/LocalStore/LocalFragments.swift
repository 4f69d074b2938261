// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
public import DrydockDigests
import DrydockFiles
import Glibc

/// The fragments of the local store: what store paths became when their parts of a tar were compressed, and lists of the
/// files of layers, which are not compressed.
///
/// Each is a file below `fragments`, named by the digest of its ``FragmentKey``. A file gets its name when it is whole, but
/// is not synced: what a crash of the machine leaves of it is noticed by checksums, and then the fragment is made again.
///
/// The functions wait for the disk: call them on a `BlockingPool`.
public struct LocalFragments: Sendable {
    /// Where the fragments are.
    public let folder: String
    private let directory: String

    /// The fragments of a store, whose directory is created when the first one comes.
    public init(_ store: LocalStore) {
        directory = store.directory
        folder = store.directory + "/fragments"
    }

    /// Where the fragment is, or would be.
    public func path(of key: FragmentKey) -> String { path(of: key.digest) }

    private func path(of name: Digest) -> String { "\(folder)/\(name.encoded)" }

    /// What is kept for a key; nil if there is nothing, or something else than a fragment.
    ///
    /// The compressed bytes are not looked at: ``StoredFragment/read(_:)`` tells whether they are right.
    ///
    /// - Throws: `SystemError`.
    public func fragment(_ key: FragmentKey) throws -> StoredFragment? {
        guard let fragment = try fragment(named: key.digest) else { return nil }
        // Using a fragment is what keeps it from being collected.
        _ = unsafe utimes(fragment.path, nil)
        return fragment
    }

    /// What is kept under the digest of a key.
    func fragment(named name: Digest) throws -> StoredFragment? {
        let path = path(of: name)
        guard let size = try PendingBlob.size(of: path), size >= Int64(FragmentTrailer.size) else { return nil }
        let file = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW)
        let buffer = AlignedBuffer(capacity: FragmentTrailer.size)
        let offset = size - Int64(FragmentTrailer.size)
        buffer.count = try unsafe file.read(into: buffer.storage, at: offset, path: path)
        guard let trailer = unsafe FragmentTrailer(Array(buffer.bytes), name: name, fileSize: size) else {
            return nil
        }
        return StoredFragment(path: path, tar: trailer.tar, blob: trailer.blob)
    }

    /// Begins a fragment; what was kept for the key before is removed.
    ///
    /// - Throws: `SystemError`; ``LocalStoreFailure`` if the directory must not be used.
    public func begin(_ key: FragmentKey) throws -> PendingFragment {
        try StoreDirectory(path: directory).prepare()
        if unsafe mkdir(folder, 0o700) != 0 {
            let errorNumber = errno
            guard errorNumber == EEXIST else { throw SystemError("create", folder, errorNumber: errorNumber) }
        }
        remove(key)
        return PendingFragment(key, try PendingBlob(in: folder))
    }

    /// The bytes that are kept for a key as they are; nil if there are none, or if they are damaged.
    public func bytes(_ key: FragmentKey) -> [UInt8]? {
        guard let fragment = try? fragment(key), fragment.tar == fragment.blob else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(fragment.blob.size))
        guard (try? unsafe fragment.read({ unsafe bytes.append(contentsOf: $0) })) == true else { return nil }
        return bytes
    }

    /// Keeps bytes as they are.
    ///
    /// - Throws: As ``begin(_:)`` and ``PendingFragment/commit(tar:)``.
    public func keep(_ bytes: [UInt8], for key: FragmentKey) throws {
        var fragment = try begin(key)
        var checksum = StreamingChecksum()
        try unsafe bytes.withUnsafeBytes { piece in
            unsafe checksum.update(piece)
            try unsafe fragment.write(piece)
        }
        _ = try fragment.commit(tar: .init(size: Int64(bytes.count), checksum: checksum.finish()))
    }

    /// Removes what is kept for a key.
    public func remove(_ key: FragmentKey) { _ = unsafe unlink(path(of: key)) }
}

/// A fragment that is being compressed; without ``commit(tar:)`` nothing is left of it.
public struct PendingFragment: ~Copyable, Sendable {
    private let key: FragmentKey
    private let file: PendingBlob
    private var checksum = StreamingChecksum()
    private var size: Int64 = 0

    init(_ key: FragmentKey, _ file: consuming PendingBlob) {
        self.key = key
        self.file = file
    }

    /// Appends compressed bytes.
    ///
    /// - Throws: `SystemError`.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe file.output.write(bytes, at: size)
        unsafe checksum.update(bytes)
        size += Int64(bytes.count)
    }

    /// Keeps the fragment, in place of what was kept for its key.
    ///
    /// - Parameter tar: The part of the tar that was compressed.
    /// - Returns: The number of compressed bytes.
    /// - Throws: `SystemError`; ``ImageStorageFailure``.
    public consuming func commit(tar: StoredFragment.Measure) throws -> Int64 {
        let blob = StoredFragment.Measure(size: size, checksum: checksum.finish())
        let trailer = FragmentTrailer(tar: tar, blob: blob).bytes(for: key.digest)
        try file.output.write(trailer, at: size)
        let count = size
        try file.commit(digest: key.digest, size: count + Int64(trailer.count), isSynchronised: false)
        return count
    }
}

// MARK: - Keeping house

extension LocalFragments {
    /// One fragment.
    public struct Entry: Hashable, Sendable {
        /// The digest of its key.
        public let name: Digest
        /// The bytes of its file.
        public let size: Int64
        /// When it was used last, in seconds since 1970.
        public let used: Int64
    }

    /// Everything that is there, in the order of its names.
    ///
    /// - Throws: `SystemError`.
    public func entries() throws -> [Entry] {
        guard (try? FileStatus(of: folder)) != nil else { return [] }
        return try HostDirectory(folder).names().compactMap { name -> Entry? in
            guard let digest = try? Digest("sha256:\(name)"),
                let status = try? FileStatus(of: "\(folder)/\(name)", followingLinks: false)
            else { return nil }
            return Entry(name: digest, size: status.size, used: status.modified / 1_000_000_000)
        }.sorted { $0.name.encoded < $1.name.encoded }
    }

    /// Removes fragments, and what killed processes have left.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func remove(where isUnwanted: (Entry) -> Bool) throws -> [Entry] {
        let removed = try entries().filter { entry in
            guard isUnwanted(entry) else { return false }
            return unsafe unlink(path(of: entry.name)) == 0
        }
        if (try? FileStatus(of: folder)) != nil { try PendingBlob.removeAbandoned(in: folder) }
        return removed
    }
}
