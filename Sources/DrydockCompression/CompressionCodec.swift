// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A format with a level, and everything else that the bytes of compressed streams depend on.
public struct CompressionCodec: Hashable, Sendable {
    /// What the streams become.
    public let format: CompressionFormat

    /// One of the format's levels.
    public let level: Int

    /// The codec as one word: two codecs with the same one give the same bytes for the same block.
    ///
    /// It names format, level, library and version. The version of libdeflate is that of its headers, so a checksum of a
    /// fixed sample, and of the same as text, is added: it tells when another library was put in its place.
    public let identifier: String

    /// The codec of this program for a format.
    ///
    /// - Parameters:
    ///   - format: What streams become.
    ///   - level: One of the format's ``CompressionFormat/levels``; nil stands for the default.
    public init(_ format: CompressionFormat, level: Int? = nil) {
        let level = level ?? format.defaultLevel
        self.format = format
        self.level = level
        identifier =
            switch format {
            case .gzip: Self.identifier(format, level, "libdeflate=\(CompressionLibraries.libdeflate)")
            case .zstd: Self.identifier(format, level, "zstd=\(CompressionLibraries.zstd)")
            case .none, .xz, .bzip2: format.rawValue
            }
    }

    private static func identifier(_ format: CompressionFormat, _ level: Int, _ library: String) -> String {
        let name = format == .gzip && level == 0 ? "content" : "\(level)"
        return "\(format.rawValue);\(library);level=\(name);probe=\(probe(format, level))"
    }

    private struct Setting: Hashable {
        let format: CompressionFormat
        let level: Int
    }

    private static let probes = Mutex<[Setting: String]>([:])

    /// The checksum of the sample in compressed form, as hexadecimal digits; it is computed once in a process.
    private static func probe(_ format: CompressionFormat, _ level: Int) -> String {
        let setting = Setting(format: format, level: level)
        if let known = probes.withLock({ $0[setting] }) { return known }
        let probe = computedProbe(format, level)
        probes.withLock { $0[setting] = probe }
        return probe
    }

    private static func computedProbe(_ format: CompressionFormat, _ level: Int) -> String {
        var checksum = StreamingChecksum()
        for sample in [sample, sample.map { 0x20 + $0 % 0x5F }] {
            guard let bytes = try? BlockCompressor(format, level: level).compress(sample) else { return "none" }
            unsafe bytes.withUnsafeBytes { unsafe checksum.update($0) }
        }
        return String(checksum.finish().bits, radix: 16)
    }

    /// 32 KiB with repetitions near and far, so that an encoder has choices to make.
    private static let sample: [UInt8] = (0..<(32 << 10)).map { position in
        UInt8(truncatingIfNeeded: (position &* position) >> 5 ^ (position >> 3) ^ (position % 251))
    }
}
