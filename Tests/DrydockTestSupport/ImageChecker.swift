// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Programs in Python beside the tests that know images without any code of this package.
public enum ImageChecker: Sendable {
    /// Recomputes everything in an image and lists what is wrong.
    ///
    /// - Parameter path: A docker-archive file, an OCI layout directory, or an oci-archive file.
    /// - Returns: One line for each fault; empty for a sound image.
    /// - Throws: ``Command/Failure`` if the checker itself fails.
    public static func faults(of path: String) async throws -> [String] {
        let output = try await python("check_image.py", path)
        guard output.status <= 1 else {
            throw Command.Failure(
                arguments: ["check_image.py", path],
                reason: "fails: \(output.errorText.suffix(2000))"
            )
        }
        return output.text.split(separator: "\n").map(String.init)
    }

    /// One entry of a tree on disk.
    public struct Entry: Codable, Equatable, Sendable {
        /// The path below the tree's top, `.` for the top; bytes that are not UTF-8 are written `\xNN`.
        public var path: String
        /// `file`, `directory`, `symlink`, `fifo`, `character`, `block` or `socket`.
        public var type: String
        /// The permission bits in octal, for example `0755`.
        public var mode: String
        /// The owner's number.
        public var uid: Int
        /// The group's number.
        public var gid: Int
        /// The modification time in nanoseconds since 1970.
        public var mtime: Int64
        /// The attributes by name, with values in hexadecimal digits.
        public var xattrs: [String: String]
        /// Where a symbolic link leads.
        public var target: String?
        /// The size of a file in bytes.
        public var size: Int64?
        /// The SHA-256 of a file's content in hexadecimal digits.
        public var sha256: String?
        /// The first path, in byte order, of the same file, if it has several names.
        public var hardlink: String?
    }

    /// All entries of a tree, sorted by path.
    ///
    /// - Throws: ``Command/Failure`` if the tree cannot be read.
    public static func entries(of tree: String) async throws -> [Entry] {
        let output = try await python("tree.py", tree)
        guard output.status == 0 else {
            throw Command.Failure(arguments: ["tree.py", tree], reason: "fails: \(output.errorText.suffix(2000))")
        }
        return try JSONDecoder().decode([Entry].self, from: Data(output.standardOutput))
    }

    private static func python(_ script: String, _ argument: String) async throws -> Command.Output {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path = tests.appendingPathComponent("InteropTests/Fixtures/\(script)").path
        return try await Command.run(
            ["/usr/bin/python3", path, argument],
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        )
    }
}
