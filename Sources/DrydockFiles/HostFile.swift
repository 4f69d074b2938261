// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Glibc

/// Files of this host that are small enough to be read whole.
public enum HostFile: Sendable {
    /// All bytes of a file, or the first `limit`.
    ///
    /// - Throws: ``SystemError``.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try OwnedDescriptor(opening: path)
        return try read(descriptor: file.number, path: path, limit: limit)
    }

    /// All bytes that are left behind an open descriptor, or the first `limit`.
    ///
    /// - Throws: ``SystemError`` with the path, which may be any name that the person knows it by.
    public static func read(descriptor: Int32, path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let buffer = AlignedBuffer(capacity: limit)
        while buffer.count < limit {
            let room = unsafe buffer.room
            let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path, errorNumber: errno) }
            if count == 0 { break }
            buffer.count += count
        }
        return unsafe Array(buffer.bytes)
    }
}
