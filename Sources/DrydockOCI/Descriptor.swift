// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockJSON

/// A blob as others refer to it: what it is, its digest and its size.
///
/// [Image specification, Descriptor](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md).
public struct Descriptor: Hashable, Sendable {
    /// What the blob is.
    public var mediaType: MediaType
    /// The digest of the blob's bytes.
    public var digest: Digest
    /// The number of the blob's bytes; never negative.
    public var size: Int64
    /// Where else the blob can be had.
    public var urls: [String]?
    /// What else is said of the blob.
    public var annotations: [String: String]?
    /// What the image runs on, in an index.
    public var platform: Platform?
    /// What an artifact is, if the blob is its manifest.
    public var artifactType: String?
    /// The blob itself in base 64, as it was written.
    public var data: String?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// A descriptor with the members that every descriptor has.
    public init(mediaType: MediaType, digest: Digest, size: Int64) {
        precondition(size >= 0, "A blob cannot have fewer than no bytes")
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
    }

    /// The descriptor of bytes in memory.
    public init(of bytes: [UInt8], mediaType: MediaType) {
        self.init(mediaType: mediaType, digest: Digest(of: bytes), size: Int64(bytes.count))
    }
}

extension Descriptor: JSONConvertible {
    /// Reads a descriptor; its size must not be negative.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        mediaType = try members.require("mediaType")
        digest = try members.require("digest")
        size = try members.require("size")
        guard size >= 0 else { throw JSONFailure(.invalid("expected a size in bytes, got \(size)"), path: "size") }
        urls = try members.take("urls")
        annotations = try members.take("annotations")
        platform = try members.take("platform")
        artifactType = try members.take("artifactType")
        data = try members.take("data")
        unknown = members.remaining
    }

    /// The descriptor as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("mediaType", mediaType)
        members.put("digest", digest)
        members.put("size", size)
        members.put("urls", urls)
        members.put("annotations", annotations)
        members.put("platform", platform)
        members.put("artifactType", artifactType)
        members.put("data", data)
        return members.json
    }
}
