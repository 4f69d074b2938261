// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
public import DrydockOCI
import NIOCore
import NIOHTTP1
import Synchronization

/// Settings of a client that hold for all registries.
public struct RegistryClientOptions: Sendable {
    /// How often and how soon something is tried again.
    public var retry = RetryPolicy()
    /// How long a connection may be silent.
    public var timeouts = SilenceTimeouts()
    /// The requests that one server gets at once.
    public var requestsPerHost = 6
    /// The largest blob that is sent in one request, and the size of the chunks of larger ones.
    public var chunkSize: Int64 = 64 << 20
    /// Time and chance.
    public var clock = RegistryClock.system

    /// What suits most registries.
    public init() {}
}

/// Speaks with registries by the protocol of the
/// [distribution specification](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md).
///
///     try await RegistryClient.withClient(credentials: credentials, settings: settings) { client in
///         let repository = try await client.repository(of: ImageReference("redis:7"))
///         let manifest = try await repository.manifest("7")
///     }
///
/// Credentials go only to the server that they are for and to its token server. What may be repeated is repeated, with
/// waits between. Errors are ``RegistryFailure``, `CancellationError`, and what the sources of credentials, settings and
/// blobs throw.
public final class RegistryClient: Sendable {
    let options: RegistryClientOptions
    private let settings: any RegistrySettingsSource
    private let clients: HTTPClients
    private let limiters = Mutex<[String: Limiter]>([:])
    /// Servers that have turned out not to speak TLS, where that is allowed.
    private let plainServers = Mutex<Set<String>>([])
    /// Servers that have answered.
    private let knownServers = Mutex<Set<String>>([])
    private let authorizers = Mutex<Authorizer?>(nil)

    private init(settings: any RegistrySettingsSource, options: RegistryClientOptions) {
        self.options = options
        self.settings = settings
        clients = HTTPClients(timeouts: options.timeouts)
    }

    /// Runs `body` with a client whose connections are closed when it ends.
    public static func withClient<Result: Sendable>(
        credentials: any CredentialSource,
        settings: any RegistrySettingsSource,
        options: RegistryClientOptions = RegistryClientOptions(),
        _ body: (RegistryClient) async throws -> Result
    ) async throws -> Result {
        let client = RegistryClient(settings: settings, options: options)
        let authorizer = Authorizer(source: credentials, clock: options.clock) { [weak client] request in
            guard let client else { throw CancellationError() }
            return try await client.token(request)
        }
        client.authorizers.withLock { $0 = authorizer }
        do {
            let result = try await body(client)
            await client.clients.shutDown()
            return result
        } catch {
            await client.clients.shutDown()
            throw error
        }
    }

    /// The repository that a reference names.
    ///
    /// - Throws: What the source of settings throws.
    public func repository(of reference: ImageReference) async throws -> RegistryRepository {
        let settings = try await settings.hostSettings(
            for: reference.registry,
            repository: reference.repository
        )
        return RegistryRepository(
            client: self,
            registry: reference.registry,
            name: reference.repository,
            endpoints: settings.endpoints.filter { $0.serves(reference) }
        )
    }
}

extension RegistryClient {
    var authorizer: Authorizer {
        guard let authorizer = authorizers.withLock(\.self) else {
            preconditionFailure("A client has its authorizer before it is handed out")
        }
        return authorizer
    }

    /// Runs `body` when the server has not too many other requests of this client.
    func withPermit<Result>(for authority: String, _ body: () async throws -> Result) async throws -> Result {
        let limiter = limiters.withLock { limiters in
            if let limiter = limiters[authority] { return limiter }
            let limiter = Limiter(width: options.requestsPerHost)
            limiters[authority] = limiter
            return limiter
        }
        return try await limiter.withPermit(body)
    }

    /// How to reach a server: the endpoint's own, or another that it has named.
    func connection(to address: WebAddress, _ endpoint: RegistryEndpoint) async throws -> ConnectionSettings {
        let own = WebAddress(scheme: address.scheme, authority: endpoint.authority, target: "/")
        // Without TLS another proxy may lead to the same server.
        return address.authority == own.authority && address.scheme == endpoint.scheme
            ? endpoint.connection
            : try await settings.connection(to: address.authority, scheme: address.scheme)
    }

    /// The HTTP client for connections to a server.
    func httpClient(for address: WebAddress, _ connection: ConnectionSettings) throws -> HTTPClient {
        try clients.client(for: connection, scheme: address.scheme)
    }

    /// The address with the scheme that its server has turned out to speak.
    func adapted(_ address: WebAddress, _ endpoint: RegistryEndpoint) -> WebAddress {
        let isPlain = endpoint.fallsBackToHTTP && plainServers.withLock { $0.contains(endpoint.authority.lowercased()) }
        let isOwn = address.authority == WebAddress(endpoint, "/").authority
        return isPlain && isOwn ? address.with(scheme: .http) : address
    }

    /// Remembers that a server has answered.
    func didHear(from address: WebAddress) { knownServers.withLock { _ = $0.insert(address.authority) } }

    /// Whether a server has answered before.
    func hasHeard(from address: WebAddress) -> Bool { knownServers.withLock { $0.contains(address.authority) } }

    /// Remembers that a server does not speak TLS, if the settings allow to go on without.
    func useWithoutTLS(_ address: WebAddress, _ endpoint: RegistryEndpoint) -> Bool {
        guard endpoint.fallsBackToHTTP, address.scheme == .https,
            address.authority == WebAddress(endpoint, "/").authority
        else { return false }
        // Several requests may find it out at once: each goes on without.
        plainServers.withLock { _ = $0.insert(endpoint.authority.lowercased()) }
        return true
    }

    /// Asks a token server.
    fileprivate func token(_ request: TokenRequest) async throws -> TokenAnswer {
        let endpoint = RegistryEndpoint(
            scheme: request.address.scheme,
            authority: request.address.authority,
            connection: try await settings.connection(to: request.address.authority, scheme: request.address.scheme)
        )
        let message = RegistryRequest(request)
        let body = try await RequestRun(message, at: endpoint, of: self, authorization: request.authorization)
            .result { try await $0.bytes(limit: Self.tokenLimit) }
        do { return try TokenAnswer(parsing: body) } catch {
            throw RegistryFailure(.malformedDocument(name: "token", failure: error), request: message.text)
        }
    }

    /// The largest answer of a token server that is read.
    private static let tokenLimit = 1 << 20
}

extension RegistryEndpoint {
    /// Whether anything of what a reference leads to comes from here.
    fileprivate func serves(_ reference: ImageReference) -> Bool { use != .tagOnly || reference.digest == nil }
}

extension WebAddress {
    /// A path of an endpoint.
    init(_ endpoint: RegistryEndpoint, _ target: String) {
        self.init(scheme: endpoint.scheme, authority: endpoint.authority, target: target)
    }
}

extension RegistryRequest {
    /// A request to a token server.
    fileprivate init(_ request: TokenRequest) {
        switch request.method {
        case .get: self.init(.GET, request.address)
        case .post(let form):
            self.init(.POST, request.address)
            body = .bytes(ByteBuffer(string: form.revealed), type: "application/x-www-form-urlencoded")
        }
        headers.add(name: "Accept", value: "application/json")
    }
}
