// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The command `drydock` of this build, run as a program of its own.
public enum Drydock: Sendable {
    /// The path of the command: it lies beside the program that runs the tests.
    public static var path: String {
        get throws {
            let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent("drydock").path
        }
    }

    /// The path of an example's spec.
    public static func example(_ name: String) -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.deletingLastPathComponent().appendingPathComponent("examples/\(name)/image.yaml").path
    }

    /// Builds an image and gives what the command says of it.
    ///
    /// - Throws: ``Command/Failure`` if the build fails.
    @discardableResult
    public static func build(
        _ spec: String,
        to destination: String,
        options: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> Image {
        let arguments = ["build", "--json", "--progress", "none", "-o", destination] + options + [spec]
        return try JSONDecoder()
            .decode(Image.self, from: Data(try await check(arguments, environment: environment).utf8))
    }

    /// What the command says of an image that is there.
    ///
    /// - Throws: ``Command/Failure`` if the image is refused.
    public static func inspect(_ image: String) async throws -> Image {
        try JSONDecoder().decode(Image.self, from: Data(try await check(["inspect", "--json", image]).utf8))
    }

    /// Runs the command and gives what it writes to standard output.
    ///
    /// - Throws: ``Command/Failure`` unless it succeeds.
    @discardableResult
    public static func check(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        try await Command.check([path] + arguments, environment: environment)
    }

    /// The object that `build` and `inspect` print with `--json`.
    public struct Image: Codable, Equatable, Sendable {
        /// The digest of the manifest.
        public var digest: String
        /// The digest of the configuration.
        public var imageID: String
        /// What the image is called.
        public var references: [String]
        /// For which machines it is.
        public var platform: [String: String]
        /// The settings of its containers.
        public var config: JSON
        /// Its layers, lowest first.
        public var layers: [Layer]

        /// The digests of the uncompressed layers, lowest first.
        public var diffIDs: [String] { layers.map(\.diffID) }
    }

    /// One layer of an image.
    public struct Layer: Codable, Equatable, Sendable {
        /// The digest of the uncompressed tar.
        public var diffID: String
        /// The digest of the blob.
        public var digest: String
        /// The blob's media type.
        public var mediaType: String
        /// The blob's size in bytes.
        public var size: Int64
        /// What made the layer.
        public var createdBy: String?
    }
}
