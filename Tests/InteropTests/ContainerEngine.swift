// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What the tests ask of Docker and Podman alike.
protocol ContainerEngine: Sendable {
    @discardableResult
    func check(_ arguments: [String]) async throws -> String
    func load(_ archive: String) async throws -> [String]
    func run(image: String, _ arguments: [String], options: [String]) async throws -> String
    func withContainer<Result>(
        of image: String,
        _ arguments: [String],
        options: [String],
        _ body: (String) async throws -> Result
    ) async throws -> Result
}

extension Docker: ContainerEngine {}
extension Podman: ContainerEngine {}

extension ContainerEngine {
    /// Starts a container and calls `body` with its first process, seen from the host.
    func withProcess(of image: String, _ body: (ContainerProcess) async throws -> Void) async throws {
        try await withContainer(of: image, [], options: []) { container in
            let number = try await check(["inspect", "--format", "{{.State.Pid}}", container])
            do {
                try await body(ContainerProcess(container: container, number: try #require(Int32(number))))
            } catch {
                // The container is gone when the test's report is read.
                Issue.record("The container's log: \(try await check(["logs", container]))")
                throw error
            }
        }
    }
}

/// The first process of a running container.
struct ContainerProcess {
    /// The container's name for its engine.
    let container: String
    /// The process's number on the host.
    let number: Int32

    /// Runs a program of the host in the container's network, until it succeeds; at most for 20 seconds.
    func reach(_ program: String...) async throws -> String {
        let arguments = ["nsenter", "--target", "\(number)", "--net"] + program
        for _ in 0..<100 {
            let output = try await Command.run(arguments)
            if output.status == 0 { return output.text }
            try await Task.sleep(for: .milliseconds(200))
        }
        return try await Command.check(arguments)
    }

    /// The real, effective, saved and file system user.
    var users: [Int] {
        get throws { try field("Uid") }
    }

    /// The real, effective, saved and file system group.
    var groups: [Int] {
        get throws { try field("Gid") }
    }

    /// Owner, mode and kind of a file, as its path in the container leads to it.
    func status(of path: String) async throws -> String {
        try await Command.check(["stat", "--format=%u:%g %04a %F", "/proc/\(number)/root\(path)"])
    }

    private func field(_ name: String) throws -> [Int] {
        let status = try String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return line.split(separator: "\t").dropFirst().compactMap { Int($0) }
    }
}
