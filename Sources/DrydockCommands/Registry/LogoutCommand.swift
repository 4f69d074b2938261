// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockOCI
import DrydockRegistry

/// `drydock logout`: credentials are forgotten.
struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Forget the credentials for a registry.",
        discussion: "They are removed from all auth files, and from the credential helpers that these name."
    )

    @Argument(help: ArgumentHelp("The registry, as at the login (default: docker.io).", valueName: "registry"))
    var registry: String?

    @OptionGroup var file: AuthFileOption

    func run() async throws {
        let surroundings = try file.surroundings()
        let registry = try RegistryName(registry ?? surroundings.defaultRegistry)
        let places = try await file.keeper(surroundings).forget(registry.text)
        if places.isEmpty { return try Output.text("nobody was logged in to \(registry.text)\n") }
        try Output.text("logged out of \(registry.text); removed from \(places.joined(separator: ", "))\n")
    }
}
