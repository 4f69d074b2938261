// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockStorage

/// A blob that is a part of a file as it is: of an image layout or of an archive.
struct FileBlob: BlobSource {
    private let blob: StoredBlob
    private let extent: FileExtent

    /// The blob of a stored layer; nil if its bytes are nowhere as such.
    init?(_ blob: StoredBlob) {
        guard let extent = blob.extent else { return nil }
        self.blob = blob
        self.extent = extent
    }

    /// Hands the bytes on; those of a whole blob are verified before the last of them.
    ///
    /// - Throws: `SystemError`; `ImageStorageFailure` if they are damaged; what `body` throws.
    func readBlob(_ descriptor: Descriptor, from offset: Int64, _ body: BlobBytesHandler) async throws {
        let file = try OwnedDescriptor(opening: extent.path)
        let buffer = AlignedBuffer(capacity: 256 << 10)
        var hash = StreamingHash()
        var position = offset
        while position < extent.size {
            let place = extent.offset + position
            buffer.count = try unsafe file.read(into: buffer.storage, at: place, path: extent.path)
            // Whoever asked for the bytes counts them.
            guard buffer.count > 0 else { return }
            let count = Int(min(Int64(buffer.count), extent.size - position))
            let piece = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
            position += Int64(count)
            if offset == 0 {
                unsafe hash.update(piece)
                if position == extent.size { try blob.verify(stored: hash.finish(), size: position) }
            }
            try unsafe await body(piece)
        }
    }
}
