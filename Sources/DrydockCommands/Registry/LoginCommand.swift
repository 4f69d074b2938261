// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockFiles
import DrydockOCI
import DrydockRegistry
import Foundation

/// `drydock login`: credentials are checked with a registry and kept.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in to a registry.",
        discussion: """
            The credentials are checked with the registry, and kept by the credential helper that the auth file names, \
            or else in the file itself, which then is readable for you alone. It is the first file of REGISTRY_AUTH_FILE, \
            or else of Podman's and Docker's files, that knows the registry already; otherwise Docker's, which all \
            programs of this field read.

            Examples:
              drydock login registry.example.com
              drydock login ghcr.io -u me --password-stdin < token
            """
    )

    @Argument(
        help: ArgumentHelp("The registry, with a port if it needs one (default: docker.io).", valueName: "registry")
    )
    var registry: String?

    @Option(name: [.short, .long], help: ArgumentHelp("Your name there.", valueName: "name"))
    var username: String?

    @Flag(help: "Read the password or token from standard input; without it you are asked.")
    var passwordStdin = false

    @Flag(help: "Let the registry speak HTTP or show any certificate.")
    var insecure = false

    @OptionGroup var file: AuthFileOption

    func run() async throws {
        let surroundings = try file.surroundings()
        let registry = try RegistryName(registry ?? surroundings.defaultRegistry)
        let user = try username ?? (passwordStdin ? "" : Self.ask("Name: "))
        let password = try passwordStdin ? Self.passwordFromStandardInput() : Self.askSecretly("Password: ")
        guard !user.isEmpty, !password.isEmpty else { throw LoginFailure.empty }
        let credentials = RegistryCredentials.basic(user: user, Secret(password))
        try await check(credentials, registry.text, surroundings)
        let place = try await file.keeper(surroundings).keep(credentials, for: registry.text)
        try Output.text("logged in to \(registry.text); kept by \(place)\n")
    }

    /// Asks the registry whether it takes them.
    private func check(
        _ credentials: RegistryCredentials,
        _ registry: String,
        _ surroundings: RegistrySurroundings
    ) async throws {
        var settings = try RegistrySettings(surroundings)
        if insecure { settings.insecureRegistries.insert(registry) }
        try await RegistryClient.withClient(credentials: FixedCredentials(credentials), settings: settings) { client in
            guard try await client.accepts(registry) else { throw LoginFailure.rejected(registry) }
        }
    }

    /// The first line; some programs end it with a line break.
    private static func passwordFromStandardInput() throws -> String {
        let bytes = try InputFile("-").read(limit: 1 << 16)
        return String(
            decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") },
            as: UTF8.self
        )
    }

    private static func ask(_ question: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { throw LoginFailure.noTerminal }
        try Output.text(question, toStandardError: true)
        return readLine() ?? ""
    }

    private static func askSecretly(_ question: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1, let answer = unsafe getpass(question) else { throw LoginFailure.noTerminal }
        return unsafe String(cString: answer)
    }
}
