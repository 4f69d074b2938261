// SPDX-License-Identifier: Apache-2.0

/// How a member's content is stored.
struct ContentLayout {
    /// The size of the file with its holes.
    let fileSize: Int64
    /// The number of bytes in the archive, without a map.
    let storedSize: Int64
    let sparseMap: [SparseExtent]?

    /// All of the content is stored.
    init(size: Int64) {
        fileSize = size
        storedSize = size
        sparseMap = nil
    }

    /// Only what the map has is stored.
    init(_ map: SparseMap, size: Int64, storedSize: Int64) throws(TarReadingFailure) {
        fileSize = size
        self.storedSize = storedSize
        sparseMap = try map.finished(size: size, storedSize: storedSize)
    }
}
