// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// The media type of a blob.
///
/// [Image specification, Media Types](https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md), and
/// Docker's image manifest version 2, schema 2.
///
/// ## Topics
/// ### Questions
/// - ``isIndex``
/// - ``isManifest``
/// - ``isConfiguration``
/// - ``isLayer``
/// - ``isDocker``
/// - ``layerCompression``
public struct MediaType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The text as it stands in a descriptor.
    public let rawValue: String

    /// Takes any text: documents may hold types that this program does not know.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The text.
    public var description: String { rawValue }
}

extension MediaType {
    /// OCI image index.
    public static let imageIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    /// OCI image manifest.
    public static let imageManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    /// OCI image configuration.
    public static let imageConfiguration = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    /// OCI layer, an uncompressed tar.
    public static let layer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    /// OCI layer, compressed with gzip.
    public static let layerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    /// OCI layer, compressed with zstd.
    public static let layerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")

    /// Docker's manifest list.
    public static let dockerManifestList = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.list.v2+json"
    )
    /// Docker's image manifest, schema 2.
    public static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    /// Docker's image configuration.
    public static let dockerConfiguration = MediaType(rawValue: "application/vnd.docker.container.image.v1+json")
    /// Docker's layer, an uncompressed tar.
    public static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    /// Docker's layer, compressed with gzip.
    public static let dockerLayerGzip = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// Docker's layer, compressed with zstd.
    public static let dockerLayerZstd = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.zstd")
}

extension MediaType {
    /// How a layer's tar is compressed.
    public enum LayerCompression: String, Hashable, Sendable, CaseIterable {
        /// The blob is the tar.
        case none
        /// RFC 1952.
        case gzip
        /// RFC 8878.
        case zstd
    }

    /// The OCI type of a layer with a compression.
    public static func layer(compression: LayerCompression) -> MediaType {
        switch compression {
        case .none: .layer
        case .gzip: .layerGzip
        case .zstd: .layerZstd
        }
    }

    /// Whether it is an image index or Docker's manifest list.
    public var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }

    /// Whether it is the manifest of one image.
    public var isManifest: Bool { self == .imageManifest || self == .dockerManifest }

    /// Whether it is an image configuration.
    public var isConfiguration: Bool { self == .imageConfiguration || self == .dockerConfiguration }

    /// Whether it is a layer in a form that this program reads.
    public var isLayer: Bool { layerCompression != nil }

    /// Whether it is one of Docker's types.
    public var isDocker: Bool { rawValue.hasPrefix("application/vnd.docker.") }

    /// How the layer is compressed; nil if it is not a layer, or of a kind that this program does not know.
    ///
    /// Layers that must not be distributed count too: they have the same form.
    public var layerCompression: LayerCompression? {
        let ociForms = [
            "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
        ]
        let dockerForms = [
            "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ]
        for (forms, separator) in [(ociForms, "+"), (dockerForms, ".")] {
            for form in forms where rawValue.hasPrefix(form) {
                let suffix = rawValue.dropFirst(form.count)
                if suffix.isEmpty { return LayerCompression.none }
                if suffix == separator + "gzip" { return .gzip }
                if suffix == separator + "zstd" { return .zstd }
            }
        }
        return nil
    }
}

extension MediaType: JSONConvertible {
    /// Reads any text.
    public init(json: JSONValue) throws(JSONFailure) { self.init(rawValue: try String(json: json)) }

    /// The text.
    public var json: JSONValue { .string(rawValue) }
}
