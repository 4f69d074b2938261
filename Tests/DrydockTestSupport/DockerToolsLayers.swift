// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How dockerTools divides an image's store paths over layers: what our divisions are compared with.
public struct DockerToolsLayers: Decodable, Sendable {
    /// The layers for each limit by the default rule, the lowest first.
    public let sizeFirst: [[[String]]]
    /// The same if the two paths that dockerTools makes on the way did not count.
    public let closureAlone: [[[String]]]
    /// The layers for each limit by the pipeline of `popularity_contest` and `limit_layers`.
    public let popularity: [[[String]]]

    /// The layers of an image.
    ///
    /// - Parameters:
    ///   - contents: Store paths whose files are linked at `/`.
    ///   - config: The configuration as it was given.
    ///   - directories: Further directories, by their paths below `/`.
    ///   - limits: Numbers of layers of store paths.
    /// - Throws: ``Command/Failure`` if a path is not in the machine's store.
    public init(contents: [String], config: JSON, directories: [String] = [], limits: [Int64]) async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/docker_tools_layers.py").path
        let request = JSON.object([
            "contents": .array(contents.map(JSON.string)), "config": config,
            "directories": .array(directories.map(JSON.string)), "limits": .array(limits.map(JSON.number)),
        ])
        let output = try await Nix.machine.check(["python3", script], input: Array(try JSONEncoder().encode(request)))
        self = try JSONDecoder().decode(DockerToolsLayers.self, from: Data(output.utf8))
    }
}
