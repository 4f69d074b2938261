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
        try await lines("check_image.py", path)
    }

    /// Compares every JSON document of an image with its schema and lists what is wrong.
    ///
    /// - Parameter path: A docker-archive file, an OCI layout directory, or an oci-archive file.
    /// - Returns: One line for each fault.
    /// - Throws: ``Command/Failure`` if the checker itself fails.
    public static func documentFaults(of path: String) async throws -> [String] {
        try await lines("check_documents.py", path)
    }

    /// The digests of an image, computed from its bytes.
    public struct Identity: Codable, Equatable, Sendable {
        /// One layer's digests and size.
        public struct Layer: Codable, Equatable, Sendable {
            /// The digest of the uncompressed tar.
            public var diffID: String
            /// The digest of the blob.
            public var digest: String
            /// The blob's size in bytes.
            public var size: Int64
        }

        /// The digest of the manifest; nil for a docker-archive, which has none.
        public var digest: String?
        /// The digest of the configuration.
        public var imageID: String
        /// The layers, lowest first.
        public var layers: [Layer]
    }

    /// Computes the digests of an image.
    ///
    /// - Parameters:
    ///   - path: A docker-archive file, an OCI layout directory, or an oci-archive file.
    ///   - name: The image's name, where there are several.
    /// - Returns: What the bytes say, whatever the image says of itself.
    /// - Throws: ``Command/Failure`` if the program fails.
    public static func identity(of path: String, name: String? = nil) async throws -> Identity {
        let text = try await succeeding("identify_image.py", [path] + (name.map { [$0] } ?? []))
        return try JSONDecoder().decode(Identity.self, from: Data(text))
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
        /// The numbers of a device, as `major:minor`.
        public var device: String?
    }

    /// All entries of a tree, sorted by path.
    ///
    /// - Throws: ``Command/Failure`` if the tree cannot be read.
    public static func entries(of tree: String) async throws -> [Entry] {
        try JSONDecoder().decode([Entry].self, from: Data(try await succeeding("tree.py", [tree])))
    }

    /// The entries that an image of this spec must have, found without building it.
    ///
    /// - Parameter spec: A spec in JSON, with `contents` from directories and archives only.
    /// - Returns: The entries below the top, sorted by path.
    /// - Throws: ``Command/Failure`` if the spec or its sources cannot be read.
    public static func expectedEntries(of spec: String) async throws -> [Entry] {
        try JSONDecoder().decode([Entry].self, from: Data(try await succeeding("expected_tree.py", [spec])))
    }

    /// What a checker prints; it may end with status 1.
    private static func lines(_ script: String, _ path: String) async throws -> [String] {
        let output = try await python(script, [path])
        // Python ends with status 1 also after an error of its own, and says so.
        guard output.status <= 1, output.errorText.isEmpty else { throw failure(script, [path], output) }
        return output.text.split(separator: "\n").map(String.init)
    }

    private static func succeeding(_ script: String, _ arguments: [String]) async throws -> [UInt8] {
        let output = try await python(script, arguments)
        guard output.status == 0 else { throw failure(script, arguments, output) }
        return output.standardOutput
    }

    private static func failure(_ script: String, _ arguments: [String], _ output: Command.Output) -> Command.Failure {
        Command.Failure(arguments: [script] + arguments, reason: "fails: \(output.errorText.suffix(2000))")
    }

    private static func python(_ script: String, _ arguments: [String]) async throws -> Command.Output {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path = tests.appendingPathComponent("InteropTests/Fixtures/\(script)").path
        return try await Command.run(
            ["/usr/bin/python3", path] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        )
    }
}
