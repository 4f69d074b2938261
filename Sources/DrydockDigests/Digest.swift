// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The SHA-256 digest of some content, written `sha256:` and 64 hexadecimal digits.
///
/// A value of this type is always valid: the text is checked once, at the door.
/// [Image specification, Descriptor, Digests](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests).
public struct Digest: Hashable, Sendable {
    /// The 32 bytes, as four words: a fixed-size value needs no allocation.
    private let words: SIMD4<UInt64>

    /// The number of bytes of a digest.
    public static let byteCount = 32

    /// Why a text is not a digest.
    public enum ParsingFailure: Error, Equatable, CustomStringConvertible {
        /// There is no `algorithm:` in front, or nothing behind it.
        case malformed(String)
        /// An algorithm other than sha256.
        case unsupportedAlgorithm(String)
        /// Not 64 lower-case hexadecimal digits.
        case malformedEncoding(String)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .malformed(let text): "'\(text)' is not a digest: expected 'sha256:' and 64 hexadecimal digits"
            case .unsupportedAlgorithm(let text): "Digest '\(text)' uses an algorithm other than sha256"
            case .malformedEncoding(let text):
                "Digest '\(text)' does not have 64 lower-case hexadecimal digits after 'sha256:'"
            }
        }
    }

    /// Parses `sha256:` and 64 lower-case hexadecimal digits.
    ///
    /// - Throws: ``ParsingFailure`` for anything else.
    public init(_ text: String) throws(ParsingFailure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw .malformed(text) }
        guard parts[0] == "sha256" else { throw .unsupportedAlgorithm(text) }
        guard parts[1].utf8.count == 64, let bytes = Hex.decode(parts[1].utf8), let digest = Digest(bytes: bytes) else {
            throw .malformedEncoding(text)
        }
        self = digest
    }

    /// Wraps 32 bytes; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else { return nil }
        var words = SIMD4<UInt64>()
        for position in bytes.indices {
            words[position / 8] = words[position / 8] << 8 | UInt64(bytes[position])
        }
        self.words = words
    }

    /// The digest of bytes in memory.
    public init(of bytes: some Collection<UInt8>) {
        var hash = StreamingHash()
        hash.update(Array(bytes))
        self = hash.finish()
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (56 - 8 * UInt64($0 % 8))) }
    }

    /// The 64 hexadecimal digits, which is also the name of the blob in an image layout.
    public var encoded: String { Hex.encode(bytes) }

    /// The algorithm's name.
    public var algorithm: String { "sha256" }
}

extension Digest: CustomStringConvertible {
    /// The `algorithm:encoded` form.
    public var description: String { "sha256:" + encoded }
}
