// SPDX-License-Identifier: Apache-2.0

/// How somebody shows a registry who he is.
public enum RegistryCredentials: Hashable, Sendable {
    /// Anonymously.
    case none
    /// By name and password, which go to the registry itself or to its token server.
    case basic(user: String, Secret)
    /// By a refresh token, which the registry's token server exchanges for access tokens.
    case identityToken(Secret)
}

/// Knows credentials: the command line, auth files, credential helpers.
public protocol CredentialSource: Sendable {
    /// The credentials for a repository; ``RegistryCredentials/none`` where nothing is known, which is not an error.
    ///
    /// Asked once for a repository, and only when the registry wants to know who is asking.
    ///
    /// - Parameters:
    ///   - registry: The host as in `ImageReference.registry`: `docker.io`, `localhost:5000`.
    ///   - repository: The name inside the registry: `library/redis`; nil for the registry as a whole.
    /// - Returns: What is known.
    /// - Throws: If a file or helper that should know fails.
    func credentials(for registry: String, repository: String?) async throws -> RegistryCredentials
}

/// Knows no credentials, or the same for every registry.
public struct FixedCredentials: CredentialSource {
    private let credentials: RegistryCredentials

    /// Gives the same credentials to every registry.
    public init(_ credentials: RegistryCredentials = .none) { self.credentials = credentials }

    /// The credentials.
    public func credentials(for registry: String, repository: String?) -> RegistryCredentials { credentials }
}
