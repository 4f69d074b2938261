// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Which files an archive holds for images: as `docker save` writes it, or as an OCI layout in a tar.
///
/// The layers come first, so that a writer that learns their digests only while it writes them needs to go back to
/// nothing but their headers.
enum ArchiveForm: Sendable {
    /// As `docker load` reads it; `repositories` and the files beside each layer serve readers older than Docker 1.10.
    case dockerArchive
    /// A tar of an [image layout](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
    case ociArchive(referenceName: String?)

    /// The members for images, in their order; a docker-archive has no place for a graph.
    func members(
        for images: [PayloadImage],
        _ graph: PayloadGraph?,
        modificationTime: Int64
    ) throws -> [ArchiveMember] {
        let files: [(name: String, content: ArchiveMember.Content)]
        switch self {
        case .dockerArchive: files = DockerArchiveFiles(images).all
        case .ociArchive(let referenceName): files = Self.layoutFiles(images, referenceName, graph)
        }
        return files.map { file in
            ArchiveMember(name: file.name, content: file.content, modificationTime: modificationTime)
        }
    }

    private static func layoutFiles(
        _ images: [PayloadImage],
        _ referenceName: String?,
        _ graph: PayloadGraph?
    ) -> [(name: String, content: ArchiveMember.Content)] {
        var files = layerFiles(images)
        for (number, descriptor) in graph?.blobs ?? [] {
            files.append((blob(descriptor.digest), .layer(number, size: descriptor.size)))
        }
        var written: Set<Digest> = []
        for image in images.map(\.image) {
            for (digest, bytes) in [
                (image.imageID, image.configurationBytes), (image.manifest.digest, image.manifestBytes),
            ] where written.insert(digest).inserted {
                files.append((blob(digest), .bytes(bytes)))
            }
        }
        for document in graph?.documents ?? [] where written.insert(document.descriptor.digest).inserted {
            files.append((blob(document.descriptor.digest), .bytes(document.bytes)))
        }
        let entries =
            graph?.entries
            ?? images.map(\.image).flatMap { image in
                image.layoutNames(overriddenBy: referenceName).map { name in
                    ImageLayout.entry(for: image.layoutDescriptor, referenceName: name)
                }
            }
        files.append(("index.json", .bytes(CanonicalJSON.encode(ImageIndex(manifests: entries)))))
        files.append((ImageLayout.markerName, .bytes(ImageLayout.marker)))
        return files
    }

    /// Each layer once; they are told apart by their numbers, since their digests may be placeholders.
    private static func layerFiles(_ images: [PayloadImage]) -> [(name: String, content: ArchiveMember.Content)] {
        var files: [(name: String, content: ArchiveMember.Content)] = []
        var written: Set<Int> = []
        for image in images {
            for (number, layer) in zip(image.layerNumbers, image.image.layers) where written.insert(number).inserted {
                files.append((blob(layer.descriptor.digest), .layer(number, size: layer.descriptor.size)))
            }
        }
        return files
    }

    private static func blob(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.encoded)" }
}
