// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockDigests
import DrydockNix
import DrydockPackages
public import DrydockStorage

extension RememberedLayer {
    /// Makes the layer's tar anew from its store paths, and measures it.
    ///
    /// - Parameter root: The directory that the store's paths are below, as with `--store ROOT`.
    /// - Returns: nil when a store path is not there or not the one that was packed, and when the layer was made by the
    ///   rules of another version.
    /// - Throws: `SystemError`, `TreeError`, `StoreObjectFailure`; `CancellationError`.
    public func remade(below root: String = "") throws -> LayerMeasure? {
        guard key.formatVersion == LayerRecipe.storePathsVersion, key.isPresent(below: root),
            let paths = try storePaths(), let storeDirectory = paths.first?.storeDirectory, let style
        else { return nil }
        let location = StoreLocation(storeDirectory: storeDirectory, root: root)
        return try Self.measure(try LayerRecipe(storePaths: paths, in: location, style: style))
    }

    /// The store paths, which all are in the store directory of the first.
    private func storePaths() throws -> [StorePath]? {
        guard let slash = key.paths.first?.lastIndex(of: "/"), let first = key.paths.first else { return nil }
        let storeDirectory = String(first[..<slash])
        return try key.paths.map { try StorePath($0, storeDirectory: storeDirectory) }
    }

    /// Owner and time, as they were.
    private var style: EntryStyle? {
        guard let uid = UInt32(exactly: key.owner.uid), let gid = UInt32(exactly: key.owner.gid) else { return nil }
        let owner = TreeEntry.Ownership(
            uid: uid,
            gid: gid,
            userName: key.owner.uname,
            groupName: key.owner.gname
        )
        return EntryStyle(owner: owner, modificationTime: key.modificationTime)
    }

    private static func measure(_ recipe: LayerRecipe) throws -> LayerMeasure {
        let stream = LayerStream(recipe)
        let buffer = AlignedBuffer(capacity: 1 << 18)
        var hash = StreamingHash()
        var checksum = StreamingChecksum()
        while true {
            try Task.checkCancellation()
            buffer.count = try unsafe stream.read(into: buffer.storage)
            unsafe hash.update(buffer.bytes)
            unsafe checksum.update(buffer.bytes)
            // Only the end of the tar leaves room.
            if buffer.count < buffer.capacity { break }
        }
        return LayerMeasure(diffID: hash.finish(), size: hash.byteCount, checksum: checksum.finish())
    }
}
