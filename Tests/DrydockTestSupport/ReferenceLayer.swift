// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The bytes that dockerTools puts into store layers: what ours are compared with.
public struct ReferenceLayer: Equatable, Sendable {
    /// The SHA-256 of the tar, as `sha256:` and hexadecimal digits.
    public let diffID: String
    /// The size of the tar in bytes.
    public let size: Int64

    /// What one layer of these store paths has, in this order.
    ///
    /// - Parameters:
    ///   - paths: Absolute store paths.
    ///   - nix: The store that has them.
    /// - Returns: The digest and the size of the layer.
    /// - Throws: ``Command/Failure`` if a path cannot be read.
    public static func digest(_ paths: [String], in nix: Nix = .machine) async throws -> ReferenceLayer {
        let layers = try await digests([paths], in: nix)
        guard let layer = layers.first else { throw unreadable }
        return layer
    }

    /// What layers have, each of the store paths of one list.
    ///
    /// - Throws: ``Command/Failure`` if a path cannot be read.
    public static func digests(_ layers: [[String]], in nix: Nix = .machine) async throws -> [ReferenceLayer] {
        let input = Array(try JSONEncoder().encode(layers))
        let lines = try await Command.check(program(in: nix) + ["--digests"], input: input, timeout: 600)
            .split(separator: "\n")
        return try lines.map { line in
            let words = line.split(separator: " ")
            guard words.count == 2, let size = Int64(words[1]) else { throw unreadable }
            return ReferenceLayer(diffID: String(words[0]), size: size)
        }
    }

    /// The command that writes one layer to its standard output.
    public static func command(for paths: [String], in nix: Nix = .machine) -> [String] { program(in: nix) + paths }

    private static func program(in nix: Nix) -> [String] {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/reference_layer.py").path
        return ["python3", script, "--root", nix.root]
    }

    private static var unreadable: Command.Failure {
        Command.Failure(arguments: ["reference_layer.py"], reason: "does not print a digest and a size for each layer")
    }
}
