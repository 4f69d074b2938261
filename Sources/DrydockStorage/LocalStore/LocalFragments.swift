// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
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
    private let files: KeptFolder

    /// The fragments of a store, whose directory is created when the first one comes.
    public init(_ store: LocalStore) { files = KeptFolder("fragments", of: store) }

    /// Where the fragments are.
    public var folder: String { files.path }

    /// Where the fragment is, or would be.
    public func path(of key: FragmentKey) -> String { files.path(of: key.digest) }

    /// What is kept for a key; nil if there is nothing, or something else than a fragment.
    ///
    /// The compressed bytes are not looked at: ``StoredFragment/read(_:)`` tells whether they are right.
    ///
    /// - Throws: `SystemError`.
    public func fragment(_ key: FragmentKey) throws -> StoredFragment? {
        guard let fragment = try fragment(named: key.digest) else { return nil }
        files.touch(key.digest)
        return fragment
    }

    /// What is kept under the digest of a key.
    func fragment(named name: Digest) throws -> StoredFragment? {
        let path = files.path(of: name)
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
        let file = try files.begin()
        remove(key)
        return PendingFragment(key, file)
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
    public func remove(_ key: FragmentKey) { files.remove(key.digest) }

    /// Everything that is there, in the order of its names.
    ///
    /// - Throws: `SystemError`.
    public func entries() throws -> [KeptFile] { try files.entries() }

    /// Removes fragments, and what killed processes have left.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func remove(where isUnwanted: (KeptFile) -> Bool) throws -> [KeptFile] {
        try files.remove(where: isUnwanted)
    }
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
