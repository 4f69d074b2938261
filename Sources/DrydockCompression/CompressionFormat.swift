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
    /// For a format that is read only it is 0, as for ``none``.
    public var levels: ClosedRange<Int> {
        switch self {
        case .none, .xz, .bzip2: 0...0
        case .gzip: 1...12
        case .zstd: 1...19
        }
    }

    /// The level used where none is asked for.
    ///
    /// libdeflate's level 5 gives slightly less than `gzip -6` at three times its speed; level 4 is a fifth faster again,
    /// but 2 % larger.
    public var defaultLevel: Int {
        switch self {
        case .none, .xz, .bzip2: 0
        case .gzip: 5
        case .zstd: 3
        }
    }
}
