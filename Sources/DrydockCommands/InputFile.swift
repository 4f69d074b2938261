// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import Glibc

/// A file that a command reads whole, or standard input.
struct InputFile {
    /// A little more than the largest spec that is accepted, so that a larger one is refused by whoever knows the limit.
    static let specLimit = (4 << 20) + 1

    private let path: String

    /// The file at a path; `-` is standard input.
    init(_ path: String) { self.path = path }

    /// All bytes, or the first `limit`.
    ///
    /// - Throws: `SystemError`.
    func read(limit: Int) throws -> [UInt8] {
        if path == "-" { return try Self.read(0, "standard input", limit) }
        let file = try OwnedDescriptor(opening: path)
        return try Self.read(file.number, path, limit)
    }

    private static func read(_ descriptor: Int32, _ path: String, _ limit: Int) throws -> [UInt8] {
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
