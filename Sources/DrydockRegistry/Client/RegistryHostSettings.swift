// SPDX-License-Identifier: Apache-2.0

/// Where the requests for a registry go: its endpoints, in the order in which they are tried.
public struct RegistryHostSettings: Hashable, Sendable {
    /// Mirrors first, the registry itself last; never empty.
    ///
    /// Only the last one is pushed to.
    public var endpoints: [RegistryEndpoint]

    /// Endpoints in their order.
    public init(endpoints: [RegistryEndpoint]) {
        precondition(!endpoints.isEmpty, "A registry has at least one endpoint")
        self.endpoints = endpoints
    }
}

/// One server that speaks the distribution specification's protocol.
public struct RegistryEndpoint: Hashable, Sendable {
    /// `https`, or `http` for a registry that is known to be insecure.
    public var scheme: URLScheme
    /// The host with an optional port: `registry-1.docker.io`, `localhost:5000`, `[::1]:5000`.
    public var authority: String
    /// The repository's name on this server; nil if it is the one that was asked for.
    public var repository: String?
    /// Whether it holds copies of what another registry has: then only pulls go there, and credentials are those
    /// for its own name.
    public var isMirror: Bool
    /// What is pulled from a mirror.
    public var use = RegistriesConfiguration.Use.all
    /// Whether a failure to speak TLS is answered by trying without; Docker and containers do so with insecure
    /// registries.
    public var fallsBackToHTTP: Bool
    /// How to connect.
    public var connection: ConnectionSettings

    /// An endpoint with the usual settings.
    public init(
        scheme: URLScheme = .https,
        authority: String,
        repository: String? = nil,
        isMirror: Bool = false,
        connection: ConnectionSettings = ConnectionSettings()
    ) {
        self.scheme = scheme
        self.authority = authority
        self.repository = repository
        self.isMirror = isMirror
        self.connection = connection
        fallsBackToHTTP = false
    }
}

/// How URLs of servers begin.
public enum URLScheme: String, Hashable, Sendable {
    /// Without encryption.
    case http
    /// With TLS.
    case https
}

/// How to connect to a server.
public struct ConnectionSettings: Hashable, Sendable {
    /// PEM files with authorities to be trusted beside the system's.
    public var trustRoots: [String] = []
    /// What this client shows of itself.
    public var clientCertificates: [ClientCertificate] = []
    /// Whether the server's certificate is checked.
    public var verifiesCertificate = true
    /// The proxy to go through.
    public var proxy: ProxySettings?

    /// The system's authorities, no client certificate and no proxy.
    public init() {}
}

/// A client certificate and its key, both PEM files.
public struct ClientCertificate: Hashable, Sendable {
    /// The path of the certificate, with those that it was signed by behind it.
    public var certificate: String
    /// The path of the key.
    public var key: String

    /// A pair of files.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// An HTTP proxy.
public struct ProxySettings: Hashable, Sendable {
    /// The name or address.
    public var host: String
    /// The port.
    public var port: Int
    /// The name and password that the proxy wants.
    public var credentials: RegistryCredentials

    /// A proxy without or with credentials.
    public init(host: String, port: Int, credentials: RegistryCredentials = .none) {
        self.host = host
        self.port = port
        self.credentials = credentials
    }
}

/// Knows the settings of registries and of the other servers that they name.
public protocol RegistrySettingsSource: Sendable {
    /// The endpoints of a registry, or of one repository of it.
    ///
    /// - Parameters:
    ///   - registry: The host as in `ImageReference.registry`; `docker.io` stands for `registry-1.docker.io`.
    ///   - repository: The name inside the registry.
    /// - Returns: At least one endpoint.
    /// - Throws: If a configuration file cannot be read.
    func hostSettings(for registry: String, repository: String?) async throws -> RegistryHostSettings

    /// How to connect to a token server or to a server that a redirect leads to.
    ///
    /// - Parameters:
    ///   - authority: The host with an optional port.
    ///   - scheme: The scheme of its URL, which decides on the proxy.
    /// - Returns: The settings for that server.
    /// - Throws: If a configuration file cannot be read.
    func connection(to authority: String, scheme: URLScheme) async throws -> ConnectionSettings
}

/// Reaches every registry at its own name.
public struct DirectSettings: RegistrySettingsSource {
    private let scheme: URLScheme
    private let settings: ConnectionSettings

    /// Reaches every server in the same way.
    public init(scheme: URLScheme = .https, connection: ConnectionSettings = ConnectionSettings()) {
        self.scheme = scheme
        settings = connection
    }

    /// One endpoint of the registry's name.
    public func hostSettings(for registry: String, repository: String?) -> RegistryHostSettings {
        let authority = registry == "docker.io" ? "registry-1.docker.io" : registry
        return RegistryHostSettings(endpoints: [
            RegistryEndpoint(scheme: scheme, authority: authority, connection: settings)
        ])
    }

    /// The settings for every server.
    public func connection(to authority: String, scheme: URLScheme) -> ConnectionSettings { settings }
}
