// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Podman with storage of its own, which lasts as long as the scope of ``withPodman(_:)``; needs root.
public struct Podman: Sendable {
    let directory: String

    /// Runs `podman` with these arguments and gives what it writes to standard output.
    ///
    /// - Throws: ``Command/Failure`` unless it succeeds.
    @discardableResult
    public func check(_ arguments: [String]) async throws -> String {
        try await Command.check(command + arguments, environment: variables)
    }

    var command: [String] {
        ["podman", "--root", directory + "/root", "--runroot", directory + "/run", "--tmpdir", directory + "/tmp"]
    }

    var variables: [String: String] { ["CONTAINERS_CONF": directory + "/containers.conf", "TMPDIR": directory] }

    /// Loads an archive or an image layout and gives the names of the loaded images.
    ///
    /// - Throws: ``Command/Failure`` if Podman refuses it.
    public func load(_ archive: String) async throws -> [String] {
        LoadedImages.names(in: try await check(["load", "--input", archive]))
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
            try await check(["rm", "--force", "--volumes", "--time=0", container])
        }
    }

    /// What Podman knows of an image or container: the first object of `podman inspect`, as JSON.
    ///
    /// - Throws: ``Command/Failure`` if it does not know it.
    public func inspect(_ name: String) async throws -> Data {
        Data(try await check(["inspect", "--format", "{{json .}}", name]).utf8)
    }

    /// Works without systemd, with any kind of control groups, and where limits may not be raised.
    static let settings = """
        [containers]
        default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "none"
        lock_type = "file"
        runtime = "runc"
        """

    func removeAll() async throws {
        try await check(["rm", "--all", "--force", "--time=0"])
        try await check(["rmi", "--all", "--force"])
        let mounts = try await Command.check(["cat", "/proc/mounts"]).split(separator: "\n")
            .compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
        for mount in mounts.reversed() where mount.hasPrefix(directory + "/") {
            try await Command.check(["umount", "--lazy", mount])
        }
    }
}

/// Calls `body` with a Podman that has no image yet, and removes all that it stored afterwards.
///
/// - Throws: What `body` throws, and ``Command/Failure`` if something could not be removed.
public func withPodman<Result>(_ body: (Podman) async throws -> Result) async throws -> Result {
    try await withTemporaryDirectory { directory in
        try Podman.settings.write(toFile: directory + "/containers.conf", atomically: false, encoding: .utf8)
        let podman = Podman(directory: directory)
        return try await cleaningUp {
            try await body(podman)
        } cleanup: {
            try await podman.removeAll()
        }
    }
}
