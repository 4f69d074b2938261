// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockCompression
import DrydockDigests
import DrydockFiles

/// The compressed part of a layer that holds one store path, as the local store keeps it.
public struct StoredFragment: Hashable, Sendable {
    /// The size of a run of bytes, and checksums of them.
    public struct Measure: Hashable, Sendable {
        /// The number of bytes.
        public let size: Int64
        /// Their checksums.
        public let checksum: Checksum

        /// A measure of known numbers.
        public init(size: Int64, checksum: Checksum) {
            self.size = size
            self.checksum = checksum
        }
    }

    /// The file, which begins with the compressed bytes.
    public let path: String
    /// The part of the tar.
    public let tar: Measure
    /// The compressed bytes.
    public let blob: Measure

    /// Hands the compressed bytes to `body`, in order.
    ///
    /// - Returns: Whether they are those that were kept.
    /// - Throws: `SystemError`; what `body` throws.
    public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        let file = try OwnedDescriptor(opening: path)
        let buffer = AlignedBuffer(capacity: Int(min(blob.size, Self.step)))
        var checksum = StreamingChecksum()
        var offset: Int64 = 0
        while offset < blob.size {
            buffer.count = try unsafe file.read(into: buffer.storage, at: offset, path: path)
            guard buffer.count > 0 else { return false }
            let count = Int(min(Int64(buffer.count), blob.size - offset))
            let piece = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
            unsafe checksum.update(piece)
            try unsafe body(piece)
            offset += Int64(count)
        }
        return checksum.finish() == blob.checksum
    }

    private static let step: Int64 = 256 << 10
}

/// What stands at the end of a fragment's file, behind the compressed bytes.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 8 | `DRYDFRG1` |
/// | 8 | 32 | digest of the key |
/// | 40 | 8 | size of the tar |
/// | 48 | 8 | checksums of the tar |
/// | 56 | 8 | size of the compressed bytes |
/// | 64 | 8 | checksums of the compressed bytes |
/// | 72 | 8 | checksums of all that comes before |
///
/// Numbers have their lowest byte first.
struct FragmentTrailer {
    static let size = 80
    private static let magic = Array("DRYDFRG1".utf8)

    let tar: StoredFragment.Measure
    let blob: StoredFragment.Measure

    func bytes(for name: Digest) -> [UInt8] {
        let numbers = [UInt64(tar.size), tar.checksum.bits, UInt64(blob.size), blob.checksum.bits]
        let head = Self.magic + name.bytes + numbers.flatMap(Self.bytes)
        return head + Self.bytes(Self.checksum(head))
    }

    /// Reads a trailer; nil for anything else than what ``bytes(for:)`` writes for the digest of a key and a file of that size.
    init?(_ bytes: [UInt8], name: Digest, fileSize: Int64) {
        guard bytes.count == Self.size, Array(bytes.prefix(8)) == Self.magic, Array(bytes[8..<40]) == name.bytes,
            Self.number(bytes, 72) == Self.checksum(Array(bytes.prefix(72))),
            let tarSize = Int64(exactly: Self.number(bytes, 40)), let size = Int64(exactly: Self.number(bytes, 56)),
            size == fileSize - Int64(Self.size)
        else { return nil }
        tar = .init(size: tarSize, checksum: Checksum(bits: Self.number(bytes, 48)))
        blob = .init(size: size, checksum: Checksum(bits: Self.number(bytes, 64)))
    }

    init(tar: StoredFragment.Measure, blob: StoredFragment.Measure) {
        self.tar = tar
        self.blob = blob
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        var checksum = StreamingChecksum()
        unsafe bytes.withUnsafeBytes { unsafe checksum.update($0) }
        return checksum.finish().bits
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
    }
}
