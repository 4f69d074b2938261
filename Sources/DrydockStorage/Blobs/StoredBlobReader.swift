// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockFiles

/// Reads a blob from its first to its last byte and verifies it on the way.
///
/// Bytes are handed out before all are seen: they are to be trusted only when ``read(into:)`` has returned 0.
public final class StoredBlobReader {
    /// What the bytes have to be.
    struct Promise {
        /// What they are in an error.
        let name: String
        let digest: Digest
        /// Nil if only the digest is known.
        let size: Int64?
        /// The path of the image in the user's words.
        let path: String

        /// Compares what the bytes turned out to be.
        func verify(_ digest: Digest, size: Int64) throws(ImageStorageFailure) {
            if let expected = self.size, size != expected {
                throw failure(.sizeMismatch(name: name, expected: expected, actual: size))
            }
            guard digest == self.digest else {
                throw failure(.digestMismatch(name: name, expected: self.digest, actual: digest))
            }
        }

        func failure(_ reason: ImageStorageFailure.Reason) -> ImageStorageFailure {
            ImageStorageFailure(reason, path: path)
        }
    }

    /// Where the bytes come from.
    enum Source {
        case stored(PlacedBytes)
        case decompressed(Decompressor)
        case ahead(AheadReader)
    }

    private let promise: Promise
    private let source: Source
    /// False if whoever reads the bytes hashes them.
    private let isVerifying: Bool
    private var hash = StreamingHash()
    private var failure: (any Error)?
    private var isFinished = false

    init(_ source: Source, _ promise: Promise, isVerifying: Bool = true) {
        self.isVerifying = isVerifying
        self.source = source
        self.promise = promise
    }

    /// Puts the next bytes at the start of a buffer.
    ///
    /// - Parameter buffer: Room for at least one byte.
    /// - Returns: How many bytes were put there, not always as many as there is room for; 0 at the end, when all of them
    ///   have the size and the digest that they should have.
    /// - Throws: ``ImageStorageFailure`` if they are damaged, which every later call throws again; `SystemError`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        precondition(buffer.count > 0, "There is no room to read into")
        if let failure { throw failure }
        guard !isFinished else { return 0 }
        do { return try unsafe readNext(into: buffer) } catch {
            let failure = explained(error)
            self.failure = failure
            throw failure
        }
    }

    private func readNext(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count =
            switch source {
            case .stored(let bytes): try unsafe bytes.read(into: buffer)
            case .decompressed(let decompressor): try unsafe decompressor.read(into: buffer)
            case .ahead(let reader): try unsafe reader.read(into: buffer)
            }
        guard count > 0 else {
            if isVerifying { try promise.verify(hash.finish(), size: hash.byteCount) }
            isFinished = true
            return 0
        }
        if isVerifying { unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        return count
    }

    private func explained(_ error: any Error) -> any Error {
        guard let error = error as? DecompressionFailure else { return error }
        return promise.failure(.undecodable(name: promise.name, sentence: "\(error)"))
    }
}

/// Because it has a place in its bytes, a reader must not be used by two tasks at once.
@available(*, unavailable)
extension StoredBlobReader: Sendable {}
