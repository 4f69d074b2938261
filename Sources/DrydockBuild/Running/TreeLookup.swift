// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

/// Finds entries of a tree by paths, through links as a program in it would.
struct TreeLookup {
    private let entries: [ByteString: TreeEntry]

    init(_ entries: [TreeEntry]) {
        self.entries = Dictionary(entries.map { ($0.path, $0) }) { _, last in last }
    }

    /// The entry that a path leads to, if there is one.
    func entry(at path: String) -> TreeEntry? {
        var rest = Self.components(ByteString(path)).reversed() as [ByteString]
        var current: [ByteString] = []
        var links = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = current.popLast()
                continue
            }
            let next = current + [name]
            guard case .symlink(let target) = entries[Self.path(next)]?.node else {
                current = next
                continue
            }
            links += 1
            guard links <= RootTree.maximumLinks else { return nil }
            if target.bytes.first == UInt8(ascii: "/") { current = [] }
            rest += Self.components(target).reversed()
        }
        return entries[Self.path(current)]
    }

    private static func path(_ components: [ByteString]) -> ByteString {
        ByteString(Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")])))
    }

    private static func components(_ path: ByteString) -> [ByteString] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }
    }
}
