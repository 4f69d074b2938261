// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

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
        try Interruption.whileWaiting {
            guard path == "-" else { return try HostFile.read(path, limit: limit) }
            return try HostFile.read(descriptor: 0, path: "standard input", limit: limit)
        }
    }
}
