// SPDX-License-Identifier: Apache-2.0

/// A part of a sparse file that is not a hole.
public struct SparseExtent: Hashable, Sendable {
    /// Where it begins in the file, in bytes.
    public let offset: Int64
    /// Its length in bytes.
    public let count: Int64

    /// The bytes from `offset` on.
    public init(offset: Int64, count: Int64) {
        self.offset = offset
        self.count = count
    }
}

/// A piece of a file's content, as it follows from an archive.
public enum TarSegment: Hashable, Sendable {
    /// Bytes that stand in the archive at an absolute offset.
    case stored(offset: Int64, count: Int64)
    /// Zeros that do not stand in the archive.
    case zeros(count: Int64)
}

/// A member that a reader found in an archive.
public struct TarMember: Hashable, Sendable {
    /// The member's name, kind and attributes; its attributes are in the order of their names.
    ///
    /// Names are as they stand in the archive, only without the slashes that end a directory's. They can lead anywhere.
    public let entry: TarEntry
    /// Where the stored bytes begin, counted from the archive's first byte.
    public let dataOffset: Int64
    /// The number of stored bytes; less than the file's size if it is sparse.
    public let storedSize: Int64
    /// The parts of a sparse file that are stored, in order and without overlap; nil if the file is not sparse.
    public let sparseMap: [SparseExtent]?
}

extension TarMember {
    /// The content of a regular file from beginning to end, holes included; empty if there is none.
    ///
    /// No segment is empty, and the lengths add up to the file's size.
    public var segments: [TarSegment] {
        guard case .regular(let size) = entry.kind else { return [] }
        let extents = sparseMap ?? [SparseExtent(offset: 0, count: size)]
        var segments: [TarSegment] = []
        var position: Int64 = 0
        var stored = dataOffset
        for extent in extents where extent.count > 0 {
            if extent.offset > position { segments.append(.zeros(count: extent.offset - position)) }
            segments.append(.stored(offset: stored, count: extent.count))
            position = extent.offset + extent.count
            stored += extent.count
        }
        if size > position { segments.append(.zeros(count: size - position)) }
        return segments
    }
}
