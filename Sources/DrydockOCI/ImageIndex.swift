// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// A list of manifests: one image for several platforms, or the images of a layout.
///
/// [Image specification, Image Index](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md).
public struct ImageIndex: Hashable, Sendable {
    /// The index's own type; old writers leave it out.
    public var mediaType: MediaType?
    /// What an artifact is, if the index is not an image's.
    public var artifactType: String?
    /// The manifests, or further indexes.
    public var manifests: [Descriptor]
    /// The manifest that this index belongs to.
    public var subject: Descriptor?
    /// What else is said of the index.
    public var annotations: [String: String]?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// An OCI index.
    public init(manifests: [Descriptor] = []) {
        mediaType = .imageIndex
        self.manifests = manifests
    }
}

extension ImageIndex: JSONConvertible {
    /// Reads an OCI index or Docker's manifest list.
    ///
    /// What could be read as a manifest too is refused, as in ``ImageManifest``.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        try members.requireSchemaVersion2()
        mediaType = try members.take("mediaType")
        if let mediaType, !mediaType.isIndex {
            throw JSONFailure(
                .invalid("expected an image index, got \(mediaType.rawValue.clippedForMessage)"),
                path: "mediaType"
            )
        }
        try members.refuse("config", in: "an image index")
        try members.refuse("layers", in: "an image index")
        artifactType = try members.take("artifactType")
        manifests = try members.requireArray("manifests")
        subject = try members.take("subject")
        annotations = try members.take("annotations")
        unknown = members.remaining
    }

    /// The index as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("schemaVersion", Int64(2))
        members.put("mediaType", mediaType)
        members.put("artifactType", artifactType)
        members.put("manifests", manifests)
        members.put("subject", subject)
        members.put("annotations", annotations)
        return members.json
    }
}
