// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockFiles
import DrydockOCI
import DrydockRegistry
import Foundation

/// How a command reaches registries.
struct RegistryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The name to log in with.", valueName: "name"))
    var username: String?

    @Flag(help: "Read the password for --username from standard input.")
    var passwordStdin = false

    @Flag(help: "Let the registry speak HTTP or show any certificate.")
    var insecure = false

    func validate() throws {
        if passwordStdin != (username != nil) {
            throw ValidationError("'--username' and '--password-stdin' go together")
        }
    }

    /// Runs `body` with a client that knows what is configured on this machine.
    func withClient<Result: Sendable>(
        for registry: String,
        _ body: (RegistryClient) async throws -> Result
    ) async throws -> Result {
        let variables = ProcessInfo.processInfo.environment
        let surroundings = RegistrySurroundings(variables: variables, home: variables["HOME"])
        var credentials = surroundings.credentials
        if let username { credentials.given[registry] = .basic(user: username, try Self.password()) }
        var settings = try RegistrySettings(surroundings)
        if insecure { settings.insecureRegistries.insert(registry) }
        return try await RegistryClient.withClient(credentials: credentials, settings: settings, body)
    }

    /// Standard input up to its end or first line break.
    private static func password() throws -> Secret {
        let bytes = try HostFile.read(descriptor: 0, path: "standard input", limit: 64 << 10)
        return Secret(
            String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        )
    }
}

/// An image in a registry, as it is written where other images are files.
enum RemoteImage {
    /// What follows `docker://`; nil for a location of another kind.
    static func reference(in text: String) throws -> ImageReference? {
        let prefix = "docker://"
        guard text.hasPrefix(prefix) else { return nil }
        return try ImageReference(String(text.dropFirst(prefix.count)))
    }
}
