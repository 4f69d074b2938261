// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

/// The `/etc/hosts` of a program whose image has none, so that it finds `localhost` by name.
enum LoopbackNames {
    private static let path: ByteString = "etc/hosts"
    private static let text = "127.0.0.1 localhost\n::1 localhost\n"

    /// The entries and that file; the entries alone where the image has something there, or no usual `/etc`.
    static func added(to entries: [TreeEntry], _ lookup: TreeLookup) -> [TreeEntry] {
        guard lookup.entry(at: "/etc/hosts") == nil, !entries.contains(where: { $0.path == path }) else {
            return entries
        }
        if let index = entries.firstIndex(where: { $0.path == "etc" }) {
            guard entries[index].isDirectory else { return entries }
            return entries[...index] + [file] + entries[(index + 1)...]
        }
        let directory = TreeEntry(path: "etc", node: .directory, attributes: attributes(mode: 0o755))
        return entries + [directory, file]
    }

    private static var file: TreeEntry {
        TreeEntry(path: path, node: .file(.bytes(Array(text.utf8))), attributes: attributes(mode: 0o644))
    }

    private static func attributes(mode: UInt16) -> TreeEntry.Attributes {
        TreeEntry.Attributes(mode: mode, owner: .root, modificationTime: 0)
    }
}
