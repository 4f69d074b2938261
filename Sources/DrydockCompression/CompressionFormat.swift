// SPDX-License-Identifier: Apache-2.0

/// How a stream of bytes is compressed.
///
/// The raw value is the name that specs, command lines and reports use.
public enum CompressionFormat: String, Hashable, Sendable, CaseIterable {
    /// The bytes as they are.
    case none

    /// gzip members, [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952).
    case gzip

    /// Zstandard frames, [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878).
    case zstd

    /// xz streams, [The .xz File Format](https://tukaani.org/xz/xz-file-format.txt); read only.
    case xz

    /// bzip2 streams, [bzip2](https://sourceware.org/bzip2/manual/manual.html); read only.
    case bzip2

    /// The formats that ``BlockCompressor`` writes; the others are read because old images have them.
    public static let written: [CompressionFormat] = [.none, .gzip, .zstd]

    /// What a file name ends in after the name of its content, with the dot: `.gz`; empty for ``none``.
    public var fileExtension: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        case .xz: ".xz"
        case .bzip2: ".bz2"
        }
    }

    /// The levels that ``BlockCompressor`` accepts; a higher one is slower and compresses better.
    ///
    /// For a format that is read only it is 0, as for ``none``. For gzip, 0 chooses for each block: 4 for
    /// text, 1 for everything else.
    public var levels: ClosedRange<Int> {
        switch self {
        case .none, .xz, .bzip2: 0...0
        case .gzip: 0...12
        case .zstd: 1...19
        }
    }

    /// The level used where none is asked for.
    ///
    /// For gzip it is the one that chooses for each block. zstd's level 2 takes three quarters of the time of level 3, and gives
    /// 3 % more.
    public var defaultLevel: Int {
        switch self {
        case .none, .xz, .bzip2, .gzip: 0
        case .zstd: 2
        }
    }
}
