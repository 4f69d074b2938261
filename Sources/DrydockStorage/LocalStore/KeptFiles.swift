// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
public import DrydockDigests
import DrydockFiles

/// The files that the local store keeps beside its database: blobs, parts of blobs, and fragments.
///
/// The functions wait for the disk: call them on a `BlockingPool`.
public struct KeptFiles: Sendable {
    /// One file.
    public struct Entry: Hashable, Sendable {
        /// What sort of file it is.
        public enum Kind: String, Hashable, Sendable {
            /// A whole blob.
            case blob
            /// The beginning of a blob.
            case partial
            /// What a store path was compressed to.
            case fragment
            /// What a script changed.
            case result
        }

        /// What sort of file it is.
        public let kind: Kind
        /// The digest of the blob, or of the key of the fragment or result.
        public let digest: Digest
        /// Its bytes.
        public let size: Int64
        /// When it was used last, in seconds since 1970.
        public let used: Int64
    }

    private let blobs: LocalBlobs
    private let fragments: LocalFragments
    private let results: LocalResults
    private let uploads: LocalUploads

    /// The files of a store.
    public init(_ store: LocalStore) {
        blobs = LocalBlobs(store)
        fragments = LocalFragments(store)
        results = LocalResults(store)
        uploads = LocalUploads(store)
    }

    /// Everything that is there: blobs, parts of blobs, fragments, results, each in the order of their digests.
    ///
    /// - Throws: `SystemError`.
    public func entries() throws -> [Entry] {
        try blobs.entries().map(Entry.init) + fragments.entries().map { Entry(.fragment, $0) }
            + results.entries().map { Entry(.result, $0) }
    }

    /// Removes what was not used for long, and then what was used longest ago until the rest is small enough.
    ///
    /// What somebody is just pulling stays.
    ///
    /// - Parameters:
    ///   - oldest: What was used last at this time or before goes, in seconds since 1970.
    ///   - limit: The bytes that may stay; nil for any number.
    /// - Returns: What was removed.
    /// - Throws: `SystemError`.
    public func removeUnused(since oldest: Int64, limit: Int64? = nil) throws -> [Entry] {
        uploads.removeUnused(since: oldest)
        let unwanted = Self.unwanted(try entries(), oldest, limit)
        guard !unwanted.isEmpty else { return [] }
        return try blobs.remove { unwanted.contains(Entry($0)) }.map(Entry.init)
            + fragments.remove { unwanted.contains(Entry(.fragment, $0)) }.map { Entry(.fragment, $0) }
            + results.remove { unwanted.contains(Entry(.result, $0)) }.map { Entry(.result, $0) }
    }

    private static func unwanted(_ entries: [Entry], _ oldest: Int64, _ limit: Int64?) -> Set<Entry> {
        var unwanted: Set<Entry> = []
        var rest: Int64 = 0
        // What was used last is kept first.
        for entry in entries.sorted(by: { ($1.used, $0.digest.encoded) < ($0.used, $1.digest.encoded) }) {
            let (sum, isTooMuch) = rest.addingReportingOverflow(entry.size)
            if entry.used <= oldest || isTooMuch || sum > limit ?? .max {
                unwanted.insert(entry)
            } else {
                rest = sum
            }
        }
        return unwanted
    }

    /// Reads every blob and fragment, and removes those that are not what they should be.
    ///
    /// A blob has to have its digest; a fragment has to decompress to what was compressed. Parts of blobs are verified by
    /// whoever completes them.
    ///
    /// - Returns: What was removed.
    /// - Throws: `SystemError` for a file that cannot be read; `CancellationError`.
    public func removeDamaged() throws -> [Entry] {
        var damaged: Set<Entry> = []
        for entry in try entries() {
            try Task.checkCancellation()
            let isRight =
                switch entry.kind {
                case .blob: try blobs.isRight(entry.digest)
                case .fragment: try fragments.isRight(entry.digest)
                case .result: try results.isRight(entry.digest)
                case .partial: true
                }
            if !isRight { damaged.insert(entry) }
        }
        guard !damaged.isEmpty else { return [] }
        let names = Set(damaged.map(\.digest))
        _ = try results.remove { names.contains($0.name) }
        _ = try blobs.remove { $0.isComplete && names.contains($0.digest) }
        _ = try fragments.remove { names.contains($0.name) }
        return damaged.sorted { ($0.kind.rawValue, $0.digest.encoded) < ($1.kind.rawValue, $1.digest.encoded) }
    }
}

extension KeptFiles.Entry {
    fileprivate init(_ blob: LocalBlobs.Entry) {
        self.init(
            kind: blob.isComplete ? .blob : .partial,
            digest: blob.digest,
            size: blob.size,
            used: blob.used
        )
    }

    fileprivate init(_ kind: Kind, _ file: KeptFile) {
        self.init(kind: kind, digest: file.name, size: file.size, used: file.used)
    }
}

extension LocalBlobs {
    /// Whether a blob has its digest.
    fileprivate func isRight(_ digest: Digest) throws -> Bool {
        let path = path(of: digest)
        let file = try OwnedDescriptor(opening: path)
        let buffer = AlignedBuffer(capacity: 256 << 10)
        var hash = StreamingHash()
        while true {
            buffer.count = try unsafe file.read(into: buffer.storage, at: hash.byteCount, path: path)
            if buffer.count == 0 { return hash.finish() == digest }
            unsafe hash.update(buffer.bytes)
        }
    }
}

extension LocalFragments {
    /// Whether a fragment decompresses to what was compressed.
    fileprivate func isRight(_ name: Digest) throws -> Bool {
        guard let fragment = try fragment(named: name), try unsafe fragment.read({ _ in }) else { return false }
        do { return try fragment.decompressed() == fragment.tar } catch is DecompressionFailure { return false }
    }
}

extension StoredFragment {
    /// What the compressed bytes decompress to.
    fileprivate func decompressed() throws -> Measure {
        let file = try OwnedDescriptor(opening: path)
        let (path, end) = (path, blob.size)
        var offset: Int64 = 0
        let decompressor = try unsafe Decompressor(detecting: DecompressionLimits()) { buffer in
            let count = Int(min(Int64(buffer.count), end - offset))
            guard count > 0 else { return 0 }
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            let read = try unsafe file.read(into: room, at: offset, path: path)
            offset += Int64(read)
            return read
        }
        let buffer = AlignedBuffer(capacity: 256 << 10)
        var checksum = StreamingChecksum()
        while true {
            buffer.count = try unsafe decompressor.read(into: buffer.storage)
            if buffer.count == 0 {
                return Measure(size: decompressor.outputCount, checksum: checksum.finish())
            }
            unsafe checksum.update(buffer.bytes)
        }
    }
}
