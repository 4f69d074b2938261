// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockPackages

extension LayerRecipe {
    /// The version of the way in which store paths become a tar; digests that were remembered for another do not count.
    static let storePathsVersion: Int64 = 1

    /// A layer of store paths, with the directories above them.
    ///
    /// - Throws: `SystemError` for a path that is not there; `StoreObjectFailure`; `TarWritingFailure`.
    init(storePaths: [StorePath], in location: StoreLocation, style: EntryStyle) throws {
        var entries = Self.directories(to: location.storeDirectory, style: style)
        var starts: [Int] = []
        for path in storePaths {
            starts.append(entries.count)
            entries += try StoreObjectTree(path, in: location, style: style).entries()
        }
        try self.init(entries: entries, names: .absolute, starts: starts)
    }

    /// The store directory and those above it.
    private static func directories(to storeDirectory: String, style: EntryStyle) -> [TreeEntry] {
        let attributes = TreeEntry.Attributes(
            mode: 0o755,
            owner: style.owner,
            modificationTime: style.modificationTime
        )
        var path = ""
        return storeDirectory.split(separator: "/").map { name in
            path += (path.isEmpty ? "" : "/") + name
            return TreeEntry(path: ByteString(path), node: .directory, attributes: attributes)
        }
    }
}
