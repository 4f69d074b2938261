// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import Glibc

/// Where the stored bytes of a blob are.
enum BlobPlace: Sendable {
    /// In a file of its own or in an archive that is not compressed.
    case file(FileExtent)
    /// In a compressed archive, counted in its decompressed bytes.
    case unpacked(UnpackedArchive, offset: Int64, size: Int64)

    /// The number of bytes.
    var size: Int64 {
        switch self {
        case .file(let extent): extent.size
        case .unpacked(_, _, let size): size
        }
    }

    /// The bytes from the first on.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if a compressed archive is damaged.
    func open() throws -> PlacedBytes {
        switch self {
        case .file(let extent):
            let file = SharedFile(try OwnedDescriptor(opening: extent.path, flags: O_RDONLY | O_NONBLOCK), extent.path)
            return PlacedBytes(file, offset: extent.offset, size: extent.size)
        case .unpacked(let archive, let offset, let size):
            return PlacedBytes(try archive.file(), offset: offset, size: size)
        }
    }

    /// How the bytes are compressed, by the first of them.
    ///
    /// - Throws: As ``open()``; `DecompressionFailure` for a format that is not read.
    func compression() throws -> CompressionFormat {
        var bytes = [UInt8](repeating: 0, count: Int(min(size, Int64(CompressionFormat.detectionLength))))
        let placed = try open()
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe placed.read(into: $0) }
        return try CompressionFormat.detect(Array(bytes.prefix(count)))
    }
}

/// An open file that several readers use at once.
final class SharedFile: Sendable {
    let descriptor: OwnedDescriptor
    /// What it is in the user's words.
    let path: String

    init(_ descriptor: consuming OwnedDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }
}

/// Consecutive bytes of an open file, in order.
final class PlacedBytes {
    private let file: SharedFile
    private var offset: Int64
    private var left: Int64

    init(_ file: SharedFile, offset: Int64, size: Int64) {
        self.file = file
        self.offset = offset
        left = size
    }

    /// Fills the buffer as far as there are bytes; 0 at the end, which comes early if the file is cut off.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let wanted = Int(min(Int64(buffer.count), left))
        guard wanted > 0 else { return 0 }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let count = try unsafe file.descriptor.read(into: room, at: offset, path: file.path)
        offset += Int64(count)
        left -= Int64(count)
        return count
    }
}
