// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
public import DrydockFiles
import Glibc

/// The results of scripts in the local store: what each changed, as a tar.
///
/// Each is a file below `results`, named by the digest of everything that went into the script. Behind the tar stands its
/// digest, so that damage is noticed before anything is used.
///
/// The functions wait for the disk: call them on a `BlockingPool`.
public struct LocalResults: Sendable {
    /// Where the results are.
    public let folder: String
    private let directory: String

    /// The results of a store, whose directory is created when the first one comes.
    public init(_ store: LocalStore) {
        directory = store.directory
        folder = store.directory + "/results"
    }

    private func path(of key: Digest) -> String { "\(folder)/\(key.encoded)" }

    /// The file that is kept for a key, which begins with the tar; nil if there is none, or a damaged one.
    ///
    /// - Throws: `SystemError`.
    public func result(_ key: Digest) throws -> String? {
        guard try isRight(key) else { return nil }
        // Using a result is what keeps it from being collected.
        _ = unsafe utimes(path(of: key), nil)
        return path(of: key)
    }

    /// Whether there is a result for a key, and it is what was written.
    func isRight(_ key: Digest) throws -> Bool {
        let path = path(of: key)
        guard let size = try PendingBlob.size(of: path), size > Int64(Self.trailerSize) else { return false }
        let file = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW)
        let buffer = AlignedBuffer(capacity: 256 << 10)
        let end = size - Int64(Self.trailerSize)
        var hash = StreamingHash()
        while hash.byteCount < end {
            buffer.count = try unsafe file.read(into: buffer.storage, at: hash.byteCount, path: path)
            if buffer.count == 0 { return false }
            let count = Int(min(Int64(buffer.count), end - hash.byteCount))
            unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
        buffer.count = try unsafe file.read(into: buffer.storage, at: end, path: path)
        return unsafe Array(buffer.bytes) == hash.finish().bytes
    }

    private static let trailerSize = 32

    /// Keeps a result, in place of what was kept for its key.
    ///
    /// - Parameters:
    ///   - key: The digest of everything that went into the script.
    ///   - write: Appends the tar, and gives its digest and size.
    /// - Throws: `SystemError`; ``LocalStoreFailure`` if the directory must not be used; what `write` throws.
    public func keep(_ key: Digest, _ write: (OutputDescriptor) throws -> LayerMeasure) throws {
        try StoreDirectory(path: directory).prepare()
        if unsafe mkdir(folder, 0o700) != 0 {
            let errorNumber = errno
            guard errorNumber == EEXIST else { throw SystemError("create", folder, errorNumber: errorNumber) }
        }
        let file = try PendingBlob(in: folder)
        let measure = try write(file.output)
        try unsafe measure.diffID.bytes.withUnsafeBytes { try unsafe file.output.write($0, at: measure.size) }
        _ = unsafe unlink(path(of: key))
        try file.commit(digest: key, size: measure.size + Int64(Self.trailerSize), isSynchronised: false)
    }

    /// Removes what is kept for a key.
    public func remove(_ key: Digest) { _ = unsafe unlink(path(of: key)) }
}

// MARK: - Keeping house

extension LocalResults {
    /// One result.
    public struct Entry: Hashable, Sendable {
        /// Its key.
        public let key: Digest
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
            return Entry(key: digest, size: status.size, used: status.modified / 1_000_000_000)
        }.sorted { $0.key.encoded < $1.key.encoded }
    }

    /// Removes results, and what killed processes have left.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func remove(where isUnwanted: (Entry) -> Bool) throws -> [Entry] {
        let removed = try entries().filter { entry in
            guard isUnwanted(entry) else { return false }
            return unsafe unlink(path(of: entry.key)) == 0
        }
        if (try? FileStatus(of: folder)) != nil { try PendingBlob.removeAbandoned(in: folder) }
        return removed
    }
}
