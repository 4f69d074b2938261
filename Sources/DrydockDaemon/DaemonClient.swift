// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DrydockFiles
import NIOCore
import NIOHTTP1
import NIOSSL

/// A conversation with a daemon that has Docker's interface.
///
/// [Docker Engine API](https://docs.docker.com/reference/api/engine/). The version is the newest that both sides know.
public struct DaemonClient: Sendable {
    /// What answers.
    public enum Engine: String, Sendable {
        /// Docker.
        case docker = "Docker"
        /// Podman's service.
        case podman = "Podman"
    }

    /// Where it is.
    public let endpoint: DaemonEndpoint
    /// What answers there.
    public let engine: Engine
    /// The version of the interface that is spoken, for example `1.41`.
    public var version: String { "\(spoken)" }

    private let spoken: DaemonVersion
    private let http: HTTPClient

    /// Calls `body` with a connection, and closes it afterwards.
    ///
    /// - Throws: ``DaemonFailure`` if nothing usable answers, and what `body` throws.
    public static func with<Result: Sendable>(
        _ endpoint: DaemonEndpoint,
        _ body: (DaemonClient) async throws -> Result
    ) async throws -> Result {
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration(endpoint))
        let result: Result
        do {
            result = try await body(try await DaemonClient(endpoint, http))
        } catch {
            // The first error counts, not that of a connection which is gone.
            try? await http.shutdown()
            throw error
        }
        try? await http.shutdown()
        return result
    }

    private init(_ endpoint: DaemonEndpoint, _ http: HTTPClient) async throws {
        self.endpoint = endpoint
        self.http = http
        let request = DaemonRequest(endpoint, path: "/_ping", action: "say who it is")
        let response = try await request.send(http)
        _ = try await response.body.collect(upTo: 1 << 16)
        let offered = response.headers.first(name: "Api-Version")
        guard response.status == .ok, let offered, let version = DaemonVersion(offered), version >= .oldest else {
            throw DaemonFailure(.version("\(endpoint)", offered: offered))
        }
        spoken = min(version, .newest)
        engine = response.headers.contains(name: "Libpod-Api-Version") ? .podman : .docker
    }

    /// Sends a request below the version's path.
    ///
    /// - Throws: ``DaemonFailure`` unless it is answered with success.
    func send(
        _ path: String,
        action: String,
        body: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        let request = DaemonRequest(endpoint, path: "/v\(spoken)\(path)", action: action, body: body)
        let response = try await request.send(http)
        guard (200..<300).contains(Int(response.status.code)) else { throw try await request.refusal(response) }
        return response
    }

    /// Asks for a document below the version's path.
    ///
    /// - Throws: ``DaemonFailure`` unless it is answered with success.
    func document(_ path: String, action: String, limit: Int = 4 << 20) async throws -> [UInt8] {
        let response = try await send(path, action: action)
        return Array(try await response.body.collect(upTo: limit).readableBytesView)
    }

    private static func configuration(_ endpoint: DaemonEndpoint) throws -> HTTPClient.Configuration {
        // No limit on reading: a daemon answers only when it has unpacked all layers.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(20)),
            decompression: .disabled
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        if case .tcp(_, _, let settings?) = endpoint.address { configuration.tlsConfiguration = try tls(settings) }
        return configuration
    }

    private static func tls(_ settings: DaemonTLS) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if !settings.verifiesCertificate { tls.certificateVerification = .none }
        if let path = settings.authority {
            tls.trustRoots = .certificates(try reading(path) { try NIOSSLCertificate.fromPEMFile(path) })
        }
        if let certificate = settings.certificate, let key = settings.key {
            tls.certificateChain = try reading(certificate) {
                try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            }
            tls.privateKey = .privateKey(try reading(key) { try NIOSSLPrivateKey(file: key, format: .pem) })
        }
        return tls
    }

    private static func reading<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw DaemonFailure(.file(path, clause: "it is not in PEM form")) }
    }
}
