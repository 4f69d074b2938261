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
    private let files: KeptFolder

    /// The results of a store, whose directory is created when the first one comes.
    public init(_ store: LocalStore) { files = KeptFolder("results", of: store) }

    /// Where the results are.
    public var folder: String { files.path }

    /// The file that is kept for a key, which begins with the tar; nil if there is none, or a damaged one.
    ///
    /// - Throws: `SystemError`.
    public func result(_ key: Digest) throws -> String? {
        guard try isRight(key) else { return nil }
        files.touch(key)
        return files.path(of: key)
    }

    /// Whether there is a result for a key, and it is what was written.
    func isRight(_ key: Digest) throws -> Bool {
        let path = files.path(of: key)
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
        let file = try files.begin()
        let measure = try write(file.output)
        try unsafe measure.diffID.bytes.withUnsafeBytes { try unsafe file.output.write($0, at: measure.size) }
        files.remove(key)
        try file.commit(digest: key, size: measure.size + Int64(Self.trailerSize), isSynchronised: false)
    }

    /// Removes what is kept for a key.
    public func remove(_ key: Digest) { files.remove(key) }

    /// Everything that is there, in the order of its names.
    ///
    /// - Throws: `SystemError`.
    public func entries() throws -> [KeptFile] { try files.entries() }

    /// Removes results, and what killed processes have left.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func remove(where isUnwanted: (KeptFile) -> Bool) throws -> [KeptFile] {
        try files.remove(where: isUnwanted)
    }
}
