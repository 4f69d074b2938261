// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockOCI
import DrydockRegistry
import DrydockStorage
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

    /// What is configured on this machine, and what was given for one registry.
    ///
    /// Reads the password from standard input, if it was announced: call it once.
    func access(for registry: String?) throws -> RegistryAccess {
        let surroundings = RegistrySurroundings.current
        var credentials = surroundings.credentials
        guard username != nil || insecure else {
            return RegistryAccess(credentials: credentials, settings: DeferredRegistrySettings(surroundings))
        }
        guard let registry else { throw OptionConflict.noRegistry }
        if let username { credentials.given[registry] = .basic(user: username, try Self.password()) }
        let settings = DeferredRegistrySettings(surroundings, insecureRegistries: insecure ? [registry] : [])
        return RegistryAccess(credentials: credentials, settings: settings)
    }

    /// Runs `body` with a client that knows what is configured on this machine.
    func withClient<Result: Sendable>(
        for registry: String,
        _ body: (RegistryClient) async throws -> Result
    ) async throws -> Result {
        try await access(for: registry).withClient(body)
    }

    /// Standard input up to its end or first line break.
    private static func password() throws -> Secret {
        let bytes = try InputFile("-").read(limit: 64 << 10)
        return Secret(
            String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        )
    }
}

/// Who asks registries, and how they are reached.
struct RegistryAccess {
    let credentials: CredentialChain
    let settings: DeferredRegistrySettings

    /// Runs `body` with a client whose connections are closed when it ends.
    func withClient<Result: Sendable>(_ body: (RegistryClient) async throws -> Result) async throws -> Result {
        try await RegistryClient.withClient(credentials: credentials, settings: settings, body)
    }

    /// Where base images come from.
    func images(_ store: LocalStore, _ progress: ProgressStyle) -> RemoteImages {
        var images = RemoteImages(credentials: credentials, settings: settings, blobs: LocalBlobs(store))
        images.defaultRegistry = RegistrySurroundings.current.defaultRegistry
        images.watch = { total, fetch in
            let display = TransferDisplay(progress, total: total)
            return try await display.during { try await fetch(display.progress) }
        }
        return images
    }
}

extension RegistrySurroundings {
    /// Those of this process.
    static var current: RegistrySurroundings {
        let variables = ProcessInfo.processInfo.environment
        return RegistrySurroundings(variables: variables, home: variables["HOME"].flatMap { $0.isEmpty ? nil : $0 })
    }
}

/// An image in a registry, as it is written where other images are files.
enum RemoteImage {
    /// What follows `docker://`; nil for a location of another kind.
    static func reference(in text: String) throws -> ImageReference? {
        let prefix = ImageReference.locationPrefix
        guard text.hasPrefix(prefix) else { return nil }
        return try parse(String(text.dropFirst(prefix.count)))
    }

    /// A reference as it is written where nothing else than an image in a registry can be.
    static func parse(_ text: String) throws -> ImageReference {
        try ImageReference(text, defaultRegistry: RegistrySurroundings.current.defaultRegistry)
    }
}

extension ImageReference {
    /// The reference with the spec's tag, if it has neither tag nor digest itself.
    func named(by spec: ImageSpec) throws -> ImageReference {
        guard tag == nil, digest == nil, let own = spec.tag else { return self }
        return try tagged(own)
    }
}
