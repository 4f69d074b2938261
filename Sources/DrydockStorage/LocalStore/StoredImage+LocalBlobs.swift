// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockFiles
import DrydockJSON
public import DrydockOCI

extension StoredImage {
    /// An image whose manifest, configuration and layers are all in the local store; blocks.
    ///
    /// - Parameters:
    ///   - manifest: The manifest's descriptor.
    ///   - blobs: The store.
    ///   - references: What the image is called.
    ///   - hasLayers: Whether the layers must be there; without them the image can be looked at, but not copied.
    /// - Throws: ``ImageStorageFailure`` if something is missing or damaged; `SystemError`.
    public init(_ manifest: Descriptor, in blobs: LocalBlobs, references: [String], hasLayers: Bool = true) throws {
        let reader = LayoutReader(DirectoryContents(path: blobs.directory), .ociLayout)
        let documents = try reader.documents(of: manifest)
        try self.init(
            documents,
            hasLayers ? try reader.layerPlaces(of: documents.manifest) : documents.manifest.layers.map { _ in nil },
            references: references,
            transport: .ociLayout,
            path: blobs.directory
        )
    }
}

extension LocalBlobs {
    /// The bytes of a document of known digest, verified; nil if it is not there or not a document.
    ///
    /// - Throws: `SystemError`.
    public func document(_ digest: Digest) throws -> [UInt8]? {
        guard let size = try PendingBlob.size(of: path(of: digest)), size <= JSONLimits.document.bytes else {
            return nil
        }
        let bytes = try HostFile.read(path(of: digest), limit: JSONLimits.document.bytes)
        return Digest(of: bytes) == digest ? bytes : nil
    }
}
