// SPDX-License-Identifier: Apache-2.0

/// How much a compressed stream may expand to before it is refused.
///
/// A small file can expand to any size: gzip makes up to 1032 bytes of one, xz 7,000, zstd and
/// bzip2 more than 30,000.
public struct DecompressionLimits: Hashable, Sendable {
    /// The number of bytes that a stream may hold, 1 TiB unless set: ten times the largest images that are in use.
    public var maximumOutput: Int64 = 1 << 40

    /// The number of output bytes for each byte of input, 256 unless set; layers of programs have 2 to 10.
    public var maximumRatio: Int64 = 256

    /// The number of output bytes up to which ``maximumRatio`` does not count, 1 GiB unless set.
    ///
    /// Small layers may hold nothing but an empty disk image or a log of equal lines.
    public var ratioAllowance: Int64 = 1 << 30

    /// The binary logarithm of the largest window of zstd and dictionary of xz, 27 (128 MiB) unless set.
    ///
    /// A window is held in memory. `zstd` itself reads up to 27 unless it is told otherwise; its levels up to 19 write
    /// at most 23, those of `xz` 26, and [RFC 8878, 3.1.1.1.2](https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2) asks for 23.
    public var maximumWindowLog: Int = 27

    /// The limits that suit container images.
    public init() {}
}
