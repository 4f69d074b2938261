// SPDX-License-Identifier: Apache-2.0

/// The words of a NAR.
///
/// Each string of the format is its length in eight bytes, lowest first, its bytes, and zeros up to a multiple of eight.
/// [Nix manual, Nix Archive](https://nix.dev/manual/nix/2.28/protocols/nix-archive).
enum NARToken: String {
    case magic = "nix-archive-1"
    case open = "("
    case close = ")"
    case type = "type"
    case regular = "regular"
    case executable = "executable"
    case contents = "contents"
    case symlink = "symlink"
    case target = "target"
    case directory = "directory"
    case entry = "entry"
    case name = "name"
    case node = "node"

    /// The number of bytes of the longest word.
    static let maximumLength = 13
    /// Everything is padded to a multiple of this many bytes.
    static let unit = 8

    /// The number of zeros behind so many bytes.
    static func paddingLength(_ count: Int64) -> Int { Int((Int64(unit) - count % Int64(unit)) % Int64(unit)) }
}
