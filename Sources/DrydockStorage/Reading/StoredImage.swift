// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockFiles
public import DrydockOCI
import Glibc

/// What is known of an image in an archive or layout, and the way to its layers' bytes.
///
/// Manifest and configuration have the digests and sizes that they should have. The layers' sizes are checked; their
/// digests are verified when they are read through ``blob(ofLayer:)``.
public struct StoredImage: Sendable {
    /// One layer.
    public struct Layer: Hashable, Sendable {
        /// The digest of the uncompressed tar, as the configuration states it.
        public let diffID: Digest
        /// The blob as it is stored.
        public let descriptor: Descriptor
        /// Which command or input made the layer, as the history states it.
        public let createdBy: String?
    }

    /// The form in which the image is stored.
    public let transport: ImageLocation.Transport
    /// The manifest's type, digest and size.
    public let descriptor: Descriptor
    /// The manifest as it is stored, or as it would be in an archive that has none.
    public let manifestBytes: [UInt8]
    /// The manifest.
    public let manifest: ImageManifest
    /// The configuration as it is stored; its digest is the imageID.
    public let configurationBytes: [UInt8]
    /// The configuration.
    public let configuration: ImageConfiguration
    /// The names that the image has where it is stored: references in an archive, tags in a layout.
    public private(set) var references: [String]
    /// The layers, lowest first.
    public let layers: [Layer]

    /// What the same name or index leads to beside the image: manifests for other platforms, and attestations.
    public package(set) var siblings: [Descriptor] = []

    /// Where the layers' bytes are; nil for one that must be fetched from elsewhere.
    let layerPlaces: [BlobPlace?]
    /// The path of the archive or layout in the user's words.
    public let path: String

    /// The digest of the configuration.
    public var imageID: Digest { manifest.config.digest }

    /// What the image runs on.
    public var platform: Platform { configuration.platform }

    /// Reads the description of an image; blocks.
    ///
    /// - Parameters:
    ///   - location: Where the image is; a bare path is recognised by its content.
    ///   - platform: Which of several images to take. Without it a single image is taken whatever it runs on, and of
    ///     several the one that this machine runs.
    ///   - temporaryDirectory: Where an archive that is compressed as a whole is kept while its layers are read.
    /// - Throws: ``ImageStorageFailure``, also if there are several images to choose from; `SystemError`.
    public init(
        at location: ImageLocation,
        platform: Platform? = nil,
        temporaryDirectory: String = "/tmp"
    ) throws {
        let selection = ImageSelection(reference: location.reference, platform: platform)
        self = try Self.reader(at: location, temporaryDirectory).image(selection)
    }

    /// Reads the descriptions of all images of an archive or layout; blocks.
    ///
    /// An image that has several names is there once. Where one name stands for images of several platforms, the one
    /// that is asked for, or that this machine runs, is taken.
    ///
    /// - Parameters:
    ///   - location: Where the images are; if it names one, there is only that.
    ///   - platform: Which of the images under one name to take.
    ///   - temporaryDirectory: As for ``init(at:platform:temporaryDirectory:)``.
    /// - Returns: The images in their order there.
    /// - Throws: As ``init(at:platform:temporaryDirectory:)``.
    public static func all(
        at location: ImageLocation,
        platform: Platform? = nil,
        temporaryDirectory: String = "/tmp"
    ) throws -> [StoredImage] {
        guard location.reference == nil else {
            return [try StoredImage(at: location, platform: platform, temporaryDirectory: temporaryDirectory)]
        }
        return merged([try reader(at: location, temporaryDirectory).images(for: platform)])
    }

    /// Images of several places, each image once, with the names of all.
    ///
    /// Images are the same if their manifests are.
    public static func merged(_ groups: [[StoredImage]]) -> [StoredImage] {
        var images: [StoredImage] = []
        var numbers: [Digest: Int] = [:]
        for image in groups.joined() {
            if let number = numbers[image.descriptor.digest] {
                images[number].references += image.references.filter { !images[number].references.contains($0) }
            } else {
                numbers[image.descriptor.digest] = images.count
                images.append(image)
            }
        }
        return images
    }

    /// What reads the archive or layout.
    private static func reader(
        at location: ImageLocation,
        _ temporaryDirectory: String
    ) throws -> any ImageReader {
        switch try contents(at: location, temporaryDirectory) {
        case .layout(let directory): LayoutReader(directory, .ociLayout)
        case .archive(let archive, .dockerArchive): DockerArchiveReader(archive)
        case .archive(let archive, let transport): LayoutReader(archive, transport)
        }
    }

    /// The files of an archive or layout, and which of the two it is.
    static func contents(at location: ImageLocation, _ temporaryDirectory: String) throws -> LocatedContents {
        if try status(of: location).kind == .directory {
            guard location.transport ?? .ociLayout == .ociLayout else {
                throw ImageStorageFailure(.notOfKind("a file"), path: location.path)
            }
            guard try ImageLayout.hasMarker(location.path) else {
                throw ImageStorageFailure(Self.unrecognised(location.transport), path: location.path)
            }
            return .layout(DirectoryContents(path: location.path))
        }
        let archive = try ArchiveContents(location.path, temporaryDirectory: temporaryDirectory)
        return .archive(archive, try Self.transport(of: archive, wanted: location.transport))
    }

    /// What is at a location; for what reads like an image's name, with a hint that there are registries.
    private static func status(of location: ImageLocation) throws -> FileStatus {
        do { return try FileStatus(of: location.path) } catch {
            guard error.errorNumber == ENOENT, location.mayBeImageName else { throw error }
            let hint = "an image in a registry is written 'docker://\(location.path)'"
            throw SystemError(error.operation, error.path, errorNumber: ENOENT, hint: hint)
        }
    }

    /// What an archive is; Docker 25 and later write archives that are both, with names as Docker writes them.
    private static func transport(
        of archive: ArchiveContents,
        wanted: ImageLocation.Transport?
    ) throws -> ImageLocation.Transport {
        let hasDockerForm = try archive.file("manifest.json") != nil || archive.file("repositories") != nil
        if hasDockerForm, wanted ?? .dockerArchive == .dockerArchive { return .dockerArchive }
        let hasLayoutForm = try archive.file("oci-layout") != nil && archive.file("index.json") != nil
        if hasLayoutForm, wanted ?? .ociArchive == .ociArchive { return .ociArchive }
        throw archive.failure(unrecognised(wanted))
    }

    private static func unrecognised(_ wanted: ImageLocation.Transport?) -> ImageStorageFailure.Reason {
        switch wanted {
        case nil: .unrecognised
        case .dockerArchive: .notOfKind("a docker-archive")
        case .ociLayout: .notOfKind("an OCI image layout")
        case .ociArchive: .notOfKind("an oci-archive")
        }
    }

    /// Puts an image together from what was read.
    init(
        _ documents: ImageDocuments,
        _ places: [BlobPlace?],
        references: [String],
        transport: ImageLocation.Transport,
        path: String
    ) throws {
        self.path = path
        layerPlaces = places
        self.transport = transport
        self.references = references
        descriptor = documents.descriptor
        manifestBytes = documents.manifestBytes
        manifest = documents.manifest
        configurationBytes = documents.configurationBytes
        configuration = documents.configuration
        layers = try Self.layers(of: manifest, configuration, path: path)
    }

    /// The most layers of an image; Docker itself runs images of up to 125.
    private static let layerLimit = 1024

    private static func layers(
        of manifest: ImageManifest,
        _ configuration: ImageConfiguration,
        path: String
    ) throws -> [Layer] {
        let diffIDs = configuration.rootfs.diffIDs
        guard manifest.layers.count <= layerLimit else {
            let reason = ImageStorageFailure.Reason.tooManyLayers(limit: layerLimit, actual: manifest.layers.count)
            throw ImageStorageFailure(reason, path: path)
        }
        guard diffIDs.count == manifest.layers.count else {
            let reason = ImageStorageFailure.Reason.layerCountMismatch(
                expected: diffIDs.count,
                actual: manifest.layers.count
            )
            throw ImageStorageFailure(reason, path: path)
        }
        let steps = (configuration.history ?? []).filter { $0.emptyLayer != true }
        // A history of another length says nothing about which step made which layer.
        let isComplete = steps.count == diffIDs.count
        return diffIDs.indices.map { position in
            Layer(
                diffID: diffIDs[position],
                descriptor: manifest.layers[position],
                createdBy: isComplete ? steps[position].createdBy : nil
            )
        }
    }
}

/// The files of an archive or layout.
enum LocatedContents {
    case layout(DirectoryContents)
    case archive(ArchiveContents, ImageLocation.Transport)
}

/// Reads the images of one archive or layout.
protocol ImageReader {
    /// The image that is wanted.
    func image(_ selection: ImageSelection) throws -> StoredImage

    /// All images; of those under one name the one for a platform.
    func images(for platform: Platform?) throws -> [StoredImage]
}

/// Which image of several is wanted.
struct ImageSelection {
    let reference: String?
    let platform: Platform?
}

/// Manifest and configuration of one image.
struct ImageDocuments {
    let descriptor: Descriptor
    let manifestBytes: [UInt8]
    let manifest: ImageManifest
    let configurationBytes: [UInt8]
    let configuration: ImageConfiguration
}
