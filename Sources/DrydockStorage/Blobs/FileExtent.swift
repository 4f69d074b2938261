// SPDX-License-Identifier: Apache-2.0

/// Consecutive bytes of a file of this host.
public struct FileExtent: Hashable, Sendable {
    /// The file.
    public let path: String
    /// Where the bytes begin.
    public let offset: Int64
    /// The number of bytes.
    public let size: Int64

    /// The bytes from an offset on.
    public init(path: String, offset: Int64, size: Int64) {
        self.path = path
        self.offset = offset
        self.size = size
    }
}
