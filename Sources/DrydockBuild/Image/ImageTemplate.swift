// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockJSON
public import DrydockOCI

/// Everything of an image that is known before its layers are packed.
///
/// ``image(layers:)`` is a pure function; given layers with made-up digests it tells the sizes of all documents, which
/// is how an archive is laid out before a byte of content is read.
public struct ImageTemplate: Sendable {
    /// The name without tag, as it was written.
    let name: String
    /// The tag; nil derives it from the image's digest.
    let tag: String?
    /// The configuration without layers and history.
    let configuration: ImageConfiguration
    /// The annotations of the manifest.
    let annotations: [String: String]
    /// What made each layer.
    let history: [ImageConfiguration.HistoryEntry]
    /// What the manifest says of each layer's blob, beside its type, digest and size.
    var layerAnnotations: [[String: String]?] = []
    /// Whether a manifest is stored; an archive of Docker has none, and who reads it makes one without annotations.
    var hasManifest = true

    /// The same image under another name; a name without a tag keeps the tag.
    ///
    /// - Throws: ``ImageReference/ParsingFailure``.
    func named(_ reference: String?) throws -> ImageTemplate {
        guard let reference else { return self }
        let parsed = try ImageReference(reference)
        return ImageTemplate(
            name: parsed.familiarName,
            tag: parsed.tag ?? tag,
            configuration: configuration,
            annotations: annotations,
            history: history,
            layerAnnotations: layerAnnotations
        )
    }

    /// The image with these layers.
    func image(layers: [PackedLayer]) -> BuiltImage {
        var configuration = configuration
        configuration.rootfs = ImageConfiguration.RootFileSystem(diffIDs: layers.map(\.diffID))
        configuration.history = history
        let bytes = CanonicalJSON.encode(configuration)
        let descriptor = Descriptor(of: bytes, mediaType: .imageConfiguration)
        let manifest = manifest(descriptor, layers.map(\.descriptor), isAnnotated: hasManifest)
        let canonical = self.manifest(descriptor, layers.map(\.uncompressed), isAnnotated: true)
        return BuiltImage(
            configuration: configuration,
            configurationBytes: bytes,
            manifestBytes: manifest,
            layers: layers,
            references: ["\(name):\(tag ?? Self.derivedTag(canonical))"]
        )
    }

    private func manifest(_ configuration: Descriptor, _ layers: [Descriptor], isAnnotated: Bool) -> [UInt8] {
        var layers = layers
        for (number, annotations) in layerAnnotations.enumerated() where isAnnotated {
            layers[number].annotations = annotations
        }
        var manifest = ImageManifest(config: configuration, layers: layers)
        manifest.mediaType = .imageManifest
        manifest.annotations = annotations.isEmpty || !isAnnotated ? nil : annotations
        return CanonicalJSON.encode(manifest)
    }

    /// The number of characters of a derived tag, the same as that of dockerTools' tags.
    private static let derivedTagLength = 32

    /// A tag that changes exactly when the image does, and not with the compression of its layers.
    private static func derivedTag(_ canonicalManifest: [UInt8]) -> String {
        String(Digest(of: canonicalManifest).encoded.prefix(derivedTagLength))
    }
}

/// An image whose layers are packed: its documents, with their digests.
public struct BuiltImage: Sendable {
    /// The configuration.
    public let configuration: ImageConfiguration
    /// The configuration's bytes, whose digest is the image ID.
    public let configurationBytes: [UInt8]
    /// The manifest's bytes.
    public let manifestBytes: [UInt8]
    /// The layers, lowest first.
    public let layers: [PackedLayer]
    /// What the image is called, each as `name:tag`.
    public let references: [String]
    /// The manifest's type.
    package var manifestType = MediaType.imageManifest
    /// What else an index says of the image, if that is known from where it came from.
    var entry: Descriptor?

    /// The digest of the configuration.
    public var imageID: Digest { Digest(of: configurationBytes) }
    /// The manifest's descriptor.
    public var manifest: Descriptor { Descriptor(of: manifestBytes, mediaType: manifestType) }
    /// The manifest's descriptor for an index, with the platform.
    var layoutDescriptor: Descriptor {
        if let entry { return entry }
        var descriptor = manifest
        descriptor.platform = configuration.platform
        return descriptor
    }
}
