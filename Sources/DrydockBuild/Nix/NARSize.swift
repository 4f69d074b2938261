// SPDX-License-Identifier: Apache-2.0

/// The sizes of NARs that nobody has written.
///
/// [Nix manual, Nix Archive](https://nix.dev/manual/nix/2.28/protocols/nix-archive): each token is its length in eight bytes and
/// its bytes, filled up with zeros to a multiple of eight.
enum NARSize {
    /// A NAR of one file that is not executable.
    static func file(of size: Int64) -> Int64 { token("nix-archive-1") + node(of: size) }

    /// A NAR of a directory with such files.
    static func directory(of files: [(name: String, size: Int64)]) -> Int64 {
        let entries = files.reduce(Int64(0)) { sum, file in
            sum + tokens("entry", "(", "name", file.name, "node", ")") + node(of: file.size)
        }
        return tokens("nix-archive-1", "(", "type", "directory", ")") + entries
    }

    private static func node(of size: Int64) -> Int64 {
        tokens("(", "type", "regular", "contents", ")") + 8 + padded(size)
    }

    private static func tokens(_ texts: String...) -> Int64 { texts.reduce(0) { $0 + token($1) } }

    private static func token(_ text: String) -> Int64 { 8 + padded(Int64(text.utf8.count)) }

    private static func padded(_ size: Int64) -> Int64 { (size + 7) / 8 * 8 }
}
