// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The client of a Docker daemon.
public struct Docker: Sendable {
    /// The path of the daemon's socket.
    public let socket: String
    /// A directory for the client's own settings.
    let configuration: String

    /// Runs `docker` with these arguments.
    ///
    /// - Throws: ``Command/Failure`` if the client cannot be started or reaches its deadline.
    public func run(_ arguments: String..., input: [UInt8] = []) async throws -> Command.Output {
        try await Command.run(prefix + arguments, input: input)
    }

    /// Runs `docker` with these arguments and gives what it writes to standard output.
    ///
    /// - Throws: ``Command/Failure`` unless it succeeds.
    @discardableResult
    public func check(_ arguments: [String]) async throws -> String { try await Command.check(prefix + arguments) }

    /// Loads an archive and gives the names, or else the identifiers, of the loaded images.
    ///
    /// - Throws: ``Command/Failure`` if the daemon refuses it.
    public func load(_ archive: String) async throws -> [String] {
        LoadedImages.names(in: try await check(["load", "--input", archive]))
    }

    /// Loads what a program writes to standard output, through a pipe.
    ///
    /// - Throws: ``Command/Failure`` if the daemon refuses it or the program fails.
    public func load(streamOf command: [String]) async throws -> [String] {
        let script = "\"$@\" | \(prefix.joined(separator: " ")) load"
        return LoadedImages.names(
            in: try await Command.check(["bash", "-o", "pipefail", "-c", script, "bash"] + command)
        )
    }

    /// Runs a container to its end and gives what it wrote; it has no network unless `options` say so.
    ///
    /// - Throws: ``Command/Failure`` unless it ends with status 0.
    public func run(image: String, _ arguments: [String] = [], options: [String] = []) async throws -> String {
        try await check(["run", "--rm", "--network=none"] + options + [image] + arguments)
    }

    /// Calls `body` with the identifier of a container in the background, and removes the container afterwards.
    ///
    /// - Throws: What `body` throws, and ``Command/Failure`` if the container cannot be started.
    public func withContainer<Result>(
        of image: String,
        _ arguments: [String] = [],
        options: [String] = [],
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let container = try await check(["run", "--detach", "--network=none"] + options + [image] + arguments)
        return try await cleaningUp {
            try await body(container)
        } cleanup: {
            try await check(["rm", "--force", "--volumes", container])
        }
    }

    /// What the daemon knows of an image or container: the first object of `docker inspect`, as JSON.
    ///
    /// - Throws: ``Command/Failure`` if it does not know it.
    public func inspect(_ name: String) async throws -> Data {
        Data(try await check(["inspect", "--format", "{{json .}}", name]).utf8)
    }

    /// Writes images to an archive.
    ///
    /// - Throws: ``Command/Failure`` if the daemon does not know one.
    public func save(_ images: [String], to archive: String) async throws {
        try await check(["save", "--output", archive] + images)
    }

    private var prefix: [String] { ["docker", "--config", configuration, "--host", "unix://" + socket] }
}

/// The answer of `docker load` and `podman load`.
enum LoadedImages {
    /// The names after `Loaded image:`, `Loaded image ID:` or `Loaded image(s):`.
    static func names(in output: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix("Loaded image") }.flatMap { line in
            line.drop { $0 != " " }.drop { $0 != ":" }.dropFirst().split(separator: ",")
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
