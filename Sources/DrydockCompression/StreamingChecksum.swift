// SPDX-License-Identifier: Apache-2.0

import CDrydockCompression

/// Two checksums of the same bytes: cheap ones, that notice what happens to bytes by accident.
///
/// CRC-32 ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952#section-8)) notices every change within four bytes beside each
/// other, and Adler-32 ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950#section-9)) sums up in another way, so a change that
/// one overlooks is no likelier to be overlooked by the other. Neither withstands somebody who means to deceive it.
public struct Checksum: Hashable, Sendable {
    /// The CRC-32.
    public let crc32: UInt32
    /// The Adler-32.
    public let adler32: UInt32

    /// The two as one number, the CRC-32 in its upper half.
    public var bits: UInt64 { UInt64(crc32) << 32 | UInt64(adler32) }

    /// The checksums that a number holds.
    public init(bits: UInt64) {
        crc32 = UInt32(truncatingIfNeeded: bits >> 32)
        adler32 = UInt32(truncatingIfNeeded: bits)
    }
}

/// Checksums of a stream of bytes; some ten times as fast as SHA-256.
public struct StreamingChecksum: Sendable {
    /// The CRC-32 so far; it begins with 0.
    private var crc: UInt32 = 0
    /// The Adler-32 so far; it begins with 1.
    private var adler: UInt32 = 1

    /// Starts with no bytes.
    public init() {}

    /// Appends bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let address = bytes.baseAddress else { return }
        crc = unsafe libdeflate_crc32(crc, address, bytes.count)
        adler = unsafe libdeflate_adler32(adler, address, bytes.count)
    }

    /// The checksums of everything seen so far; more may follow.
    public func finish() -> Checksum { Checksum(bits: UInt64(crc) << 32 | UInt64(adler)) }
}
