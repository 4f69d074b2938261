// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockCompression
import DrydockFiles
import Glibc

/// Opens archives so that they can be read at any place: plain ones where they are, compressed ones decompressed into a
/// file without a name, which is gone when the build ends, however it ends.
struct ArchiveSpool {
    /// The size of the steps in which an archive is decompressed.
    private static let stepSize = 1 << 20

    let temporaryDirectory: String

    func open(_ path: String) throws -> ArchiveBytes {
        // O_NONBLOCK: a pipe must be refused, not waited for.
        let file = try OwnedDescriptor(opening: path, flags: O_NONBLOCK)
        let status = try file.status(path: path)
        guard status.kind == .regular else {
            throw TreeError(status.kind == .directory ? .notAnArchive : .notAFile, path)
        }
        let plain = ArchiveBytes(path: path, descriptor: file, status: status)
        do {
            var offset: Int64 = 0
            let decompressor = try unsafe Decompressor(detecting: DecompressionLimits()) { buffer in
                let count = try unsafe plain.read(into: buffer, at: offset)
                offset += Int64(count)
                return count
            }
            guard decompressor.format != .none else { return plain }
            let spooled = try spool(decompressor, path)
            try plain.verify()
            return spooled
        } catch let failure as DecompressionFailure {
            throw TreeError(.brokenArchive("\(failure)"), path)
        }
    }

    private func spool(_ decompressor: Decompressor, _ path: String) throws -> ArchiveBytes {
        let spool = try OwnedDescriptor(unnamedIn: temporaryDirectory)
        let output = OutputDescriptor(number: spool.number, path: temporaryDirectory)
        let buffer = AlignedBuffer(capacity: Self.stepSize)
        while true {
            try Task.checkCancellation()
            buffer.count = try unsafe decompressor.read(into: buffer.storage)
            if buffer.count == 0 { break }
            do { try unsafe output.append(buffer.bytes) } catch {
                throw SystemError(
                    "decompress the archive '\(path)' into",
                    temporaryDirectory,
                    errorNumber: error.errorNumber,
                    hint: error.errorNumber == ENOSPC ? "set TMPDIR to a directory with more room" : nil
                )
            }
        }
        let status = try spool.status(path: path)
        return ArchiveBytes(path: path, descriptor: spool, status: status)
    }
}
