// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// One HTTP client for each way to connect, made when it is needed first.
final class HTTPClients: Sendable {
    private struct Key: Hashable {
        let settings: ConnectionSettings
        /// Whether requests go to the proxy itself.
        let isForwarding: Bool
    }

    private let clients = Mutex<[Key: HTTPClient]>([:])
    private let timeouts: SilenceTimeouts

    init(timeouts: SilenceTimeouts) { self.timeouts = timeouts }

    /// The client for connections with some settings to servers of one scheme.
    ///
    /// - Throws: ``RegistryFailure`` if a certificate cannot be read.
    func client(for settings: ConnectionSettings, scheme: URLScheme) throws -> HTTPClient {
        let key = Key(settings: settings, isForwarding: ForwardProxy.isNeeded(scheme, settings))
        return try clients.withLock { clients in
            if let client = clients[key] { return client }
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration(key))
            clients[key] = client
            return client
        }
    }

    /// Closes all connections; no request may be sent afterwards.
    func shutDown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        // What fails here is a connection that is closed already.
        for client in all { try? await client.shutdown() }
    }

    private func configuration(_ key: Key) throws -> HTTPClient.Configuration {
        let settings = key.settings
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try Self.tls(settings),
            // Followed by us: credentials must not go to another host.
            redirectConfiguration: .disallow,
            timeout: timeouts.configuration,
            proxy: key.isForwarding ? nil : settings.proxy.map(Self.proxy),
            // A blob's digest is that of its bytes as they are sent.
            decompression: .disabled
        )
        // Who uses the client bounds the number of requests.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // Attempts are counted and spaced in one place, which is not there.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Uploads on one HTTP/2 connection share its window and its fate.
        configuration.httpVersion = .http1Only
        if key.isForwarding { configuration.http1_1ConnectionDebugInitializer = { ForwardProxy.prepare($0) } }
        return configuration
    }

    private static func tls(_ settings: ConnectionSettings) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if !settings.verifiesCertificate { tls.certificateVerification = .none }
        tls.additionalTrustRoots = try settings.trustRoots.map { path in
            .certificates(try reading(path) { try NIOSSLCertificate.fromPEMFile(path) })
        }
        guard let own = settings.clientCertificates.first else { return tls }
        tls.certificateChain = try reading(own.certificate) {
            try NIOSSLCertificate.fromPEMFile(own.certificate).map { .certificate($0) }
        }
        tls.privateKey = .privateKey(
            try reading(own.key) { try NIOSSLPrivateKey(file: own.key, format: .pem) }
        )
        return tls
    }

    private static func reading<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw RegistryFailure(.certificateFile(path)) }
    }

    private static func proxy(_ settings: ProxySettings) -> HTTPClient.Configuration.Proxy {
        guard case .basic(let user, let password) = settings.credentials else {
            return .server(host: settings.host, port: settings.port)
        }
        return .server(
            host: settings.host,
            port: settings.port,
            authorization: .basic(username: user, password: password.revealed)
        )
    }
}

/// How long a connection may be silent; how long a transfer takes does not matter.
public struct SilenceTimeouts: Hashable, Sendable {
    /// Until a connection is there.
    public var connect = Duration.seconds(20)
    /// Without a byte from the server while one is due.
    public var read = Duration.seconds(120)
    /// Without the server taking a byte.
    public var write = Duration.seconds(120)

    /// Times that suit registries behind slow storage.
    public init() {}

    var configuration: HTTPClient.Configuration.Timeout {
        HTTPClient.Configuration.Timeout(connect: amount(connect), read: amount(read), write: amount(write))
    }

    private func amount(_ duration: Duration) -> TimeAmount { .milliseconds(Int64(duration / .milliseconds(1))) }
}
