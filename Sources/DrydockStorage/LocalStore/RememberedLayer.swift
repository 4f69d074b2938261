// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
public import DrydockDigests

/// What is known of a layer's tar without its bytes.
public struct LayerMeasure: Hashable, Sendable {
    /// The digest of the uncompressed tar.
    public let diffID: Digest
    /// The size of the uncompressed tar in bytes.
    public let size: Int64
    /// Checksums of the uncompressed tar; nil if nobody has computed them.
    public let checksum: Checksum?

    /// A measure of a tar.
    ///
    /// - Precondition: The size is not negative.
    public init(diffID: Digest, size: Int64, checksum: Checksum? = nil) {
        precondition(size >= 0, "A layer's size is negative")
        self.diffID = diffID
        self.size = size
        self.checksum = checksum
    }

    /// Whether two measures can be of one tar: what only one of them knows does not count.
    package func agrees(with other: LayerMeasure) -> Bool {
        diffID == other.diffID && size == other.size
            && (checksum == nil || other.checksum == nil || checksum == other.checksum)
    }
}

/// A layer that an earlier build has made.
public struct RememberedLayer: Hashable, Sendable {
    /// What the layer's tar follows from.
    public let key: LayerKey
    /// The tar's digest and size.
    public let measure: LayerMeasure
    /// When it was made, in seconds since 1970.
    public let created: Int64
    /// When a build used it last, in seconds since 1970, exact to a day.
    public let used: Int64

    /// The digest of the uncompressed tar.
    public var diffID: Digest { measure.diffID }
    /// The size of the uncompressed tar in bytes.
    public var size: Int64 { measure.size }
}
