// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// The manifest of one image: its configuration and its layers, lowest first.
///
/// [Image specification, Image Manifest](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md).
public struct ImageManifest: Hashable, Sendable {
    /// The manifest's own type; old writers leave it out.
    public var mediaType: MediaType?
    /// What an artifact is, if the manifest is not an image's.
    public var artifactType: String?
    /// The image configuration.
    public var config: Descriptor
    /// The layers, lowest first.
    public var layers: [Descriptor]
    /// The manifest that this one belongs to.
    public var subject: Descriptor?
    /// What else is said of the image.
    public var annotations: [String: String]?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// An OCI manifest.
    public init(config: Descriptor, layers: [Descriptor], annotations: [String: String]? = nil) {
        mediaType = .imageManifest
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }
}

extension ImageManifest: JSONConvertible {
    /// Reads a manifest of OCI or Docker's schema 2.
    ///
    /// What could be read as an index too is refused, see
    /// [CVE-2021-41190](https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh).
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        try members.requireSchemaVersion2()
        mediaType = try members.take("mediaType")
        if let mediaType, !mediaType.isManifest {
            throw JSONFailure(
                .invalid("expected an image manifest, got \(mediaType.rawValue.clippedForMessage)"),
                path: "mediaType"
            )
        }
        try members.refuse("manifests", in: "an image manifest")
        artifactType = try members.take("artifactType")
        config = try members.require("config")
        layers = try members.requireArray("layers")
        subject = try members.take("subject")
        annotations = try members.take("annotations")
        unknown = members.remaining
    }

    /// The manifest as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("schemaVersion", Int64(2))
        members.put("mediaType", mediaType)
        members.put("artifactType", artifactType)
        members.put("config", config)
        members.put("layers", layers)
        members.put("subject", subject)
        members.put("annotations", annotations)
        return members.json
    }
}

extension JSONMembers {
    /// Takes `schemaVersion`, which is 2 in every document of this module.
    mutating func requireSchemaVersion2() throws(JSONFailure) {
        let version: Int64 = try require("schemaVersion")
        guard version == 2 else { throw JSONFailure(.invalid("expected 2, got \(version)"), path: "schemaVersion") }
    }

    /// Refuses a member that would let another program take the document for something else.
    func refuse(_ key: String, in document: String) throws(JSONFailure) {
        guard remaining[key] == nil else { throw JSONFailure(.invalid("not allowed in \(document)"), path: key) }
    }
}
