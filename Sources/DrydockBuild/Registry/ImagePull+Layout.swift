// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockOCI
public import DrydockStorage

extension ImagePull {
    /// Fetches the layers that the store lacks, and writes the image into a layout meanwhile.
    ///
    /// - Parameters:
    ///   - image: As ``resolve()`` has found it.
    ///   - layout: Where it goes; under its name it is complete.
    ///   - name: The name that it gets there; nil for its own.
    ///   - progress: Told of every byte that comes.
    /// - Returns: The image in the store.
    /// - Throws: As ``fetch(_:progress:use:)``; what the layout throws.
    public func fetch(
        _ image: ResolvedImage,
        into layout: ImageLayout,
        as name: String?,
        progress: TransferProgress = TransferProgress()
    ) async throws -> StoredImage {
        let stored = try await fetch(image, progress: progress) { [blobs] layer, isNew in
            if try !layout.hasBlob(layer) { try await layout.takeBlob(layer, from: blobs, isVerified: isNew) }
        }
        try layout.addBlob(stored.configurationBytes)
        try layout.addBlob(stored.manifestBytes)
        try layout.addImage(stored.descriptor, referenceName: name ?? stored.references.first)
        return stored
    }
}

extension ImageLayout {
    /// Takes a blob over from the local store.
    ///
    /// One that this process has verified a moment ago is copied by the kernel; any other is verified on the way.
    func takeBlob(_ blob: Descriptor, from blobs: LocalBlobs, isVerified: Bool) async throws {
        guard isVerified else { return try await verifyAndTakeBlob(blob, from: blobs) }
        let pending = try beginBlob()
        try pending.output.append(OwnedDescriptor(opening: blobs.path(of: blob.digest)), size: blob.size)
        try pending.commit(digest: blob.digest, size: blob.size)
    }

    private func verifyAndTakeBlob(_ blob: Descriptor, from blobs: LocalBlobs) async throws {
        let pending = try beginBlob()
        var output = BlobOutput(pending.output, isDurable: true)
        var hash = StreamingHash()
        unsafe try await blobs.readBlob(blob, from: 0) { bytes in
            try unsafe output.write(bytes)
            unsafe hash.update(bytes)
        }
        let (actual, size) = (hash.finish(), hash.byteCount)
        guard actual == blob.digest else {
            throw LocalStoreFailure(.wrongBlob(expected: blob.digest, actual: actual), path: blobs.directory)
        }
        try pending.commit(digest: actual, size: size)
    }
}
