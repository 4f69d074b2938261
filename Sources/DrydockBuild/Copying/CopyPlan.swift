// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// What becomes of each image and each layer of a copy.
struct CopyPlan: Sendable {
    /// One layer, whichever images have it.
    struct Layer: Sendable {
        let blob: StoredBlob
        let treatment: LayerTreatment

        /// How it is compressed at the destination.
        var result: CompressionFormat {
            switch treatment {
            case .unchanged: blob.compression
            case .decompressed: .none
            case .compressed(let format): format
            }
        }
    }

    /// One image with the numbers of its layers.
    struct Image: Sendable {
        let stored: StoredImage
        var references: [String]
        let layerNumbers: [Int]
        /// The form that its manifest gets; nil if the manifest stays as it is.
        let format: ImageCopy.Format?
    }

    let layers: [Layer]
    let images: [Image]
    let isForDockerArchive: Bool
    /// Whether an index lists the images by their platforms.
    let isListed: Bool
    /// Whether each image gets one layer in place of all.
    let isSquashing: Bool

    init(_ copy: ImageCopy, for destination: Destination) throws {
        try self.init(
            copy,
            for: Aim(isDockerArchive: destination.transport == .dockerArchive, name: destination.reference)
        )
    }

    /// What becomes of an image in a registry.
    init(_ copy: ImageCopy, for target: PushTarget) throws {
        let name = target.reference.familiarDescription
        try self.init(copy, for: Aim(isDockerArchive: false, isRegistry: true, name: name))
    }

    /// What becomes of images that indexes list, and no name.
    init(unnamed copy: ImageCopy) throws {
        try self.init(copy, for: Aim(isDockerArchive: false, isListed: true, name: nil))
    }

    /// What counts of a destination.
    private struct Aim {
        let isDockerArchive: Bool
        var isRegistry = false
        /// Whether images are found by an index and have no names.
        var isListed = false
        /// The name that it gives the image.
        let name: String?
    }

    private init(_ copy: ImageCopy, for aim: Aim) throws {
        guard !copy.images.isEmpty else { throw CopyFailure.noImages }
        isForDockerArchive = aim.isDockerArchive
        isListed = aim.isListed
        isSquashing = copy.squashes
        var collection = LayerCollection()
        let planned = try copy.images.map { stored in
            let blobs = try stored.layers.indices.map(stored.blob(ofLayer:))
            let treatments = try blobs.map { try Self.treatment(of: $0, copy, aim) }
            return Image(
                stored: stored,
                references: try Self.references(of: stored, aim),
                layerNumbers: zip(blobs, treatments).map { collection.add($0, $1) },
                format: Self.format(of: stored, treatments, copy, aim)
            )
        }
        layers = collection.layers
        images = isForDockerArchive ? Self.combined(planned) : planned
        if let name = aim.name, copy.images.count > 1 {
            guard aim.isRegistry else { throw CopyFailure.oneNameForMany(name, count: copy.images.count) }
            throw CopyFailure.severalForRegistry(name, available: copy.images.flatMap(\.references))
        }
        try Self.refuseConflicts(images)
    }

    // MARK: Layers

    private static func treatment(
        of blob: StoredBlob,
        _ copy: ImageCopy,
        _ aim: Aim
    ) throws -> LayerTreatment {
        // `docker load` of every age reads plain layers.
        if aim.isDockerArchive { return blob.compression == .none ? .unchanged : .decompressed }
        let wanted = copy.compression ?? (CompressionFormat.written.contains(blob.compression) ? nil : .gzip)
        let result = wanted ?? blob.compression
        if copy.format == .docker, result == .zstd { throw CopyFailure.layersForDocker(result.rawValue) }
        guard result != blob.compression else { return .unchanged }
        return result == .none ? .decompressed : .compressed(result)
    }

    // MARK: Documents

    /// The form that the manifest is written in; nil if it stays as it is.
    private static func format(
        of stored: StoredImage,
        _ treatments: [LayerTreatment],
        _ copy: ImageCopy,
        _ aim: Aim
    ) -> ImageCopy.Format? {
        // An archive holds no manifest: the one that is told is the one that it has when it is read again.
        if aim.isDockerArchive { return .oci }
        let wanted = copy.format ?? stored.format
        return wanted == stored.format && treatments.allSatisfy { $0 == .unchanged } ? nil : wanted
    }

    // MARK: Names

    private static func references(of stored: StoredImage, _ aim: Aim) throws -> [String] {
        if aim.isListed { return [] }
        if aim.isRegistry { return aim.name.map { [$0] } ?? [] }
        guard aim.isDockerArchive else { return stored.references }
        if let name = aim.name {
            let parsed = try ImageReference(name).withDefaultTag
            return ["\(parsed.familiarName):\(parsed.tag ?? "latest")"]
        }
        return stored.references.filter(isNameWithTag)
    }

    private static func isNameWithTag(_ text: String) -> Bool {
        (try? ImageReference(text)).map { $0.tag != nil && $0.digest == nil } == true
    }

    /// Images that differ in nothing that an archive holds, as one with the names of all.
    private static func combined(_ images: [Image]) -> [Image] {
        var combined: [Image] = []
        for image in images {
            if let known = combined.firstIndex(where: { $0.stored.imageID == image.stored.imageID }) {
                combined[known].references += image.references.filter { !combined[known].references.contains($0) }
            } else {
                combined.append(image)
            }
        }
        return combined
    }

    private static func refuseConflicts(_ images: [Image]) throws {
        var owners: [String: StoredImage] = [:]
        for image in images {
            for name in image.references {
                if let other = owners[name], other.descriptor.digest != image.stored.descriptor.digest {
                    throw CopyFailure.conflictingName(name, [other.path, image.stored.path])
                }
                owners[name] = image.stored
            }
        }
    }
}

/// What happens to a layer on its way.
enum LayerTreatment: Hashable, Sendable {
    /// The stored bytes are taken.
    case unchanged
    /// The tar is taken.
    case decompressed
    /// The tar is compressed.
    case compressed(CompressionFormat)
}

/// Layers of several images, each once.
private struct LayerCollection {
    /// What makes two layers the same at the destination.
    private struct Key: Hashable {
        let digest: Digest
        let treatment: LayerTreatment
    }

    private(set) var layers: [CopyPlan.Layer] = []
    private var numbers: [Key: Int] = [:]

    mutating func add(_ blob: StoredBlob, _ treatment: LayerTreatment) -> Int {
        // A plain layer arrives as its tar, too, whatever is done to another one of the same tar.
        let isTar = treatment == .decompressed || treatment == .unchanged && blob.compression == .none
        let digest = treatment == .unchanged ? blob.descriptor.digest : blob.diffID
        let key = Key(digest: digest, treatment: isTar ? .decompressed : treatment)
        if let number = numbers[key] { return number }
        numbers[key] = layers.count
        layers.append(CopyPlan.Layer(blob: blob, treatment: treatment))
        return layers.count - 1
    }
}
