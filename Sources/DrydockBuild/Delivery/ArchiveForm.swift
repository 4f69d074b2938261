// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// Which files an archive holds for an image: as `docker save` writes it, or as an OCI layout in a tar.
///
/// The layers come first, so that a writer that learns their digests only while it writes them needs to go back to
/// nothing but their headers.
enum ArchiveForm: Sendable {
    /// As `docker load` reads it; `repositories` and the files beside each layer serve readers older than Docker 1.10.
    case dockerArchive
    /// A tar of an [image layout](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
    case ociArchive(referenceName: String?)

    /// The members for an image, in their order.
    func members(for image: BuiltImage, modificationTime: Int64) throws -> [ArchiveMember] {
        let files: [(name: String, content: ArchiveMember.Content)]
        switch self {
        case .dockerArchive: files = try DockerArchiveFiles(image).all
        case .ociArchive(let referenceName): files = try Self.layoutFiles(image, referenceName)
        }
        return files.map { file in
            ArchiveMember(name: file.name, content: file.content, modificationTime: modificationTime)
        }
    }

    private static func layoutFiles(
        _ image: BuiltImage,
        _ referenceName: String?
    ) throws -> [(name: String, content: ArchiveMember.Content)] {
        var files: [(name: String, content: ArchiveMember.Content)] = []
        for (number, layer) in image.layers.enumerated() {
            files.append((blob(layer.descriptor.digest), .layer(number, size: layer.descriptor.size)))
        }
        files.append((blob(image.imageID), .bytes(image.configurationBytes)))
        files.append((blob(image.manifest.digest), .bytes(image.manifestBytes)))
        let index = ImageIndex(manifests: [
            ImageLayout.entry(for: image.layoutDescriptor, referenceName: referenceName ?? image.references.first)
        ])
        files.append(("index.json", .bytes(CanonicalJSON.encode(index))))
        files.append((ImageLayout.markerName, .bytes(ImageLayout.marker)))
        return files
    }

    private static func blob(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.encoded)" }
}
