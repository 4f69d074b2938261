// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON
public import DrydockOCI
import Glibc

extension ImageLayout {
    /// The images of the layout.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the document is not an index.
    public func index() throws -> ImageIndex {
        let bytes = try Self.readDocument(indexPath, named: "index.json", of: path)
        do { return try ImageIndex(parsing: bytes) } catch {
            throw ImageStorageFailure(.malformedDocument(name: "index.json", failure: error), path: path)
        }
    }

    /// Adds an image to the index, so that others find it.
    ///
    /// An image of the same name is replaced, and one without a name by an equal one; all others stay as they are. The
    /// index is replaced as a whole after the blobs have reached the disk: another process sees the old or the new one.
    ///
    /// - Parameters:
    ///   - descriptor: The manifest, whose blob is in the layout.
    ///   - referenceName: The image's name in this layout, usually a tag.
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the index is broken or has grown too large.
    public func addImage(_ descriptor: Descriptor, referenceName: String?) throws {
        try addEntries([Self.entry(for: descriptor, referenceName: referenceName)])
    }

    /// Adds entries to the index at once, as ``addImage(_:referenceName:)`` adds one; among them may be several of one name.
    ///
    /// - Throws: As ``addImage(_:referenceName:)``.
    public func addEntries(_ entries: [Descriptor]) throws {
        try Self.synchronise(directory: blobFolder)
        let names = Set(entries.compactMap(\.referenceName))
        let nameless = Set(entries.filter { $0.referenceName == nil }.map(\.digest))
        let directory = try LockedDirectory(path)
        var index = try index()
        index.manifests.removeAll { other in
            other.referenceName.map(names.contains) ?? nameless.contains(other.digest)
        }
        index.manifests += entries
        let bytes = CanonicalJSON.encode(index)
        guard bytes.count <= JSONLimits.document.bytes else {
            let reason = ImageStorageFailure.Reason.documentTooLarge(
                name: "index.json",
                size: Int64(bytes.count),
                limit: JSONLimits.document.bytes
            )
            throw ImageStorageFailure(reason, path: path)
        }
        try directory.replace("index.json", with: bytes)
    }

    /// The entry of an index for an image that may have a name there.
    public static func entry(for descriptor: Descriptor, referenceName: String?) -> Descriptor {
        guard let referenceName else { return descriptor }
        var entry = descriptor
        entry.annotations = (entry.annotations ?? [:]).merging([referenceNameAnnotation: referenceName]) { $1 }
        return entry
    }

    /// Waits until the names in a directory have reached the disk.
    static func synchronise(directory: String) throws {
        let descriptor = try OwnedDescriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY)
        try OutputDescriptor(number: descriptor.number, path: directory).synchronise()
    }
}

extension Descriptor {
    /// The image's name in a layout.
    var referenceName: String? { annotations?[ImageLayout.referenceNameAnnotation] }
}
