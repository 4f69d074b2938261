// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

extension [TreeEntry] {
    /// The entries of a tree in the order in which rsync makes them.
    ///
    /// Everything in a directory is there before the first of its directories is entered: so the directory that a link
    /// of an earlier tree leads to may come from the same tree as what goes through the link.
    var inCopyingOrder: [TreeEntry] {
        map { (key: Self.key(of: $0), entry: $0) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.entry)
    }

    /// The directory's path, then the name; the separators come before every byte of a name.
    private static func key(of entry: TreeEntry) -> [UInt8] {
        let path = entry.path.bytes
        guard let end = path.lastIndex(of: UInt8(ascii: "/")) else { return [0, 0] + path }
        return path[..<end].map { $0 == UInt8(ascii: "/") ? 0 : $0 } + [0, 0] + path[(end + 1)...]
    }
}
