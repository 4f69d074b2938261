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

    /// What a file name ends in after the name of its content, with the dot: `.gz`; empty for ``none``.
    public var fileExtension: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }

    /// The levels that ``BlockCompressor`` accepts; a higher one is slower and compresses better.
    public var levels: ClosedRange<Int> {
        switch self {
        case .none: 0...0
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
        case .none: 0
        case .gzip: 5
        case .zstd: 3
        }
    }
}
