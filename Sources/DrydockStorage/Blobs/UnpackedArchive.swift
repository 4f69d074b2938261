// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockFiles
import Glibc
import Synchronization

/// A compressed archive whose bytes are wanted in any order.
///
/// It is decompressed once, when the first byte is wanted, into a file without a name that is gone with the last reader.
final class UnpackedArchive: Sendable {
    private static let bufferSize = 1 << 20

    private let path: String
    private let temporaryDirectory: String
    private let unpacked = Mutex<SharedFile?>(nil)

    init(_ path: String, temporaryDirectory: String) {
        self.path = path
        self.temporaryDirectory = temporaryDirectory
    }

    /// The decompressed archive; blocks while it is made, also for those who ask meanwhile.
    ///
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if the archive is damaged.
    func file() throws -> SharedFile {
        try unpacked.withLock { unpacked in
            if let unpacked { return unpacked }
            let file = try decompressed()
            unpacked = file
            return file
        }
    }

    private func decompressed() throws -> SharedFile {
        let spool = try OwnedDescriptor(unnamedIn: temporaryDirectory)
        let output = OutputDescriptor(number: spool.number, path: temporaryDirectory)
        let source = try FileBytes(path)
        do {
            let decompressor = try unsafe Decompressor { try unsafe source.read(into: $0) }
            let buffer = AlignedBuffer(capacity: Self.bufferSize)
            var offset: Int64 = 0
            while true {
                let count = try unsafe decompressor.read(into: buffer.storage)
                guard count > 0 else { break }
                buffer.count = count
                try write(buffer, to: output, at: offset)
                offset += Int64(count)
            }
        } catch let failure as DecompressionFailure {
            throw ImageStorageFailure(.unreadableArchive("\(failure)"), path: path)
        }
        return SharedFile(spool, path)
    }

    private func write(_ buffer: AlignedBuffer, to output: OutputDescriptor, at offset: Int64) throws {
        do { try unsafe output.write(buffer.bytes, at: offset) } catch {
            throw SystemError(
                "write to",
                temporaryDirectory,
                errorNumber: error.errorNumber,
                hint: error.errorNumber == ENOSPC ? "set TMPDIR to a directory with more room" : nil
            )
        }
    }
}
