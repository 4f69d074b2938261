// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles

/// An open regular file of the host of which single parts are read.
struct HostFile: ~Copyable {
    /// The path in the host.
    let path: ByteString
    /// The size when the file was opened, in bytes.
    let size: UInt64
    private let descriptor: OwnedDescriptor

    init(path: ByteString, size: UInt64, descriptor: consuming OwnedDescriptor) {
        self.path = path
        self.size = size
        self.descriptor = descriptor
    }

    /// Checks that the file has `count` bytes from `offset` on.
    borrowing func require(_ count: UInt64, at offset: UInt64, of part: ELFFailure.Part) throws(ELFFailure) {
        let available = offset < size ? size - offset : 0
        guard count <= available else {
            throw ELFFailure(.truncated(part, needed: count, available: available), in: path, at: offset)
        }
    }

    /// Reads `count` bytes that begin at `offset`.
    ///
    /// - Throws: ``ELFFailure`` when the file ends before, `SystemError` when it cannot be read.
    borrowing func bytes(at offset: UInt64, count: Int, of part: ELFFailure.Part) throws -> [UInt8] {
        try require(UInt64(count), at: offset, of: part)
        let result = try prefix(count, at: offset)
        guard result.count == count else {
            let reason = ELFFailure.Reason.truncated(part, needed: UInt64(count), available: UInt64(result.count))
            throw ELFFailure(reason, in: path, at: offset)
        }
        return result
    }

    /// Reads at most `count` bytes that begin at `offset`; fewer where the file ends.
    borrowing func prefix(_ count: Int, at offset: UInt64 = 0) throws -> [UInt8] {
        guard offset < size, let start = Int64(exactly: offset) else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(count, Int(clamping: size - offset)))
        let got = try unsafe bytes.withUnsafeMutableBytes { buffer in
            try unsafe descriptor.read(into: buffer, at: start, path: path.description)
        }
        bytes.removeLast(bytes.count - got)
        return bytes
    }
}
