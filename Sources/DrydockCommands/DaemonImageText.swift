// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockDaemon
import DrydockFiles
import DrydockStorage
import Foundation

/// An image of the local daemon as it is written on a command line: `docker-daemon:NAME[:TAG]`.
struct DaemonImageText {
    /// The name, or for reading an identifier.
    let name: String

    private static let prefix = "docker-daemon:"

    /// The image that a text names; nil if it is not one of a daemon.
    ///
    /// - Throws: ``OptionConflict`` if nothing follows the transport.
    init?(_ text: String) throws {
        guard text.hasPrefix(Self.prefix) else { return nil }
        name = String(text.dropFirst(Self.prefix.count))
        if name.isEmpty { throw OptionConflict.daemonWithoutName }
    }

    /// The daemon that is meant on this machine.
    static func endpoint() throws -> DaemonEndpoint {
        let variables = ProcessInfo.processInfo.environment
        let home = variables["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return try DaemonSurroundings(variables: variables, home: home).endpoint()
    }

    /// Where the image goes.
    func destination() throws -> Destination { Destination(daemon: try Self.endpoint(), reference: name) }

    /// Calls `body` with the location of a docker-archive of the image, which lasts as long.
    func withArchive<Result: Sendable>(_ body: (ImageLocation) async throws -> Result) async throws -> Result {
        let variables = ProcessInfo.processInfo.environment
        let directory = variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let file = try await DaemonClient.with(try Self.endpoint()) { client in
            try await client.save(name, toFileIn: directory)
        }
        let result = try await body(try ImageLocation(transport: .dockerArchive, path: file.path))
        withExtendedLifetime(file) {}
        return result
    }
}
