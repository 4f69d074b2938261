// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Debian's `docker-registry`, running on a port of this machine for one test.
public struct TestRegistry: Sendable {
    /// What the registry is like.
    public struct Settings: Sendable {
        /// Whether manifests and blobs may be deleted.
        public var allowsDeletion = false
        /// Whether nothing may be written.
        public var isReadOnly = false
        /// Names and passwords; none for a registry that asks nobody.
        public var users: [String: String] = [:]
        /// PEM files of the server's certificate and key; nil without TLS.
        public var certificate: TestCertificates?
        /// A PEM file with the authority that every client must show a certificate of; nil if none has to.
        public var clientAuthority: String?
        /// Where the data is; nil for a place of its own.
        public var directory: String?

        /// A registry that is open to everybody.
        public init() {}
    }

    /// `127.0.0.1` or `localhost`, and the port.
    public let authority: String
    /// The port on 127.0.0.1.
    public let port: Int
    /// Where the data is.
    public let directory: String
    private let running: RunningCommand

    /// Ends the registry before its time.
    public func stop() { running.killGroup() }

    /// Runs `body` with a registry.
    ///
    /// - Throws: ``Command/Failure`` if the registry does not start; what `body` throws.
    public static func withRegistry<Result: Sendable>(
        _ settings: Settings = Settings(),
        _ body: (TestRegistry) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { directory in
            let path = directory + "/config.yml"
            try await settings.write(to: path, in: directory)
            let running = try await Command.start(["docker-registry", "serve", path], timeout: 600)
            defer { running.killGroup() }
            let port = try await port(of: running)
            let host = settings.certificate == nil ? "127.0.0.1" : "localhost"
            let data = settings.directory ?? directory + "/data"
            return try await body(
                TestRegistry(authority: "\(host):\(port)", port: port, directory: data, running: running)
            )
        }
    }

    /// Puts a manifest as it is under a tag of an open registry, and gives its digest.
    ///
    /// - Throws: ``Command/Failure`` if the registry refuses it.
    public func put(manifest: String, mediaType: String, repository: String, tag: String) async throws -> String {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v2/\(repository)/manifests/\(tag)")
        request.method = .PUT
        request.headers.add(name: "Content-Type", value: mediaType)
        request.body = .bytes(ByteBuffer(string: manifest))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        guard response.status == .created, let digest = response.headers.first(name: "Docker-Content-Digest") else {
            throw Command.Failure(arguments: ["PUT", tag], reason: "was answered \(response.status)")
        }
        return digest
    }

    private static func port(of running: RunningCommand) async throws -> Int {
        for _ in 0..<3_000 {
            let text = running.errorTextSoFar
            if let range = text.firstRange(of: "listening on 127.0.0.1:"),
                let port = Int(text[range.upperBound...].prefix { $0.isNumber })
            {
                return port
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Command.Failure(arguments: ["docker-registry"], reason: "did not start: \(running.errorTextSoFar)")
    }
}

extension TestRegistry.Settings {
    fileprivate func write(to path: String, in directory: String) async throws {
        var lines = [
            "version: 0.1", "log: {level: info}", "storage:",
            "  filesystem: {rootdirectory: \(self.directory ?? directory + "/data")}",
            "  delete: {enabled: \(allowsDeletion)}",
        ]
        if isReadOnly { lines.append("  maintenance: {readonly: {enabled: true}}") }
        lines += ["http:", "  addr: 127.0.0.1:0", "  secret: of-no-importance"]
        if let certificate {
            let clients = clientAuthority.map { ", clientcas: [\($0)]" } ?? ""
            lines.append("  tls: {certificate: \(certificate.certificate), key: \(certificate.key)\(clients)}")
        }
        if !users.isEmpty {
            let file = directory + "/htpasswd"
            var entries = ""
            for (user, password) in users.sorted(by: { $0.key < $1.key }) {
                // The cheapest that the registry takes: each request computes it.
                entries += try await Command.check(["htpasswd", "-nbB", "-C", "4", user, password]) + "\n"
            }
            try write(entries, to: file)
            lines.append("auth: {htpasswd: {realm: test, path: \(file)}}")
        }
        try write(lines.joined(separator: "\n") + "\n", to: path)
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// A certificate authority of a test, and a certificate for `localhost` and `registry.test` that it has signed.
public struct TestCertificates: Sendable {
    /// The authority's certificate.
    public let authority: String
    /// The server's certificate.
    public let certificate: String
    /// The server's key.
    public let key: String

    /// Makes certificates in a directory; needs `openssl`.
    ///
    /// - Throws: ``Command/Failure``.
    public init(in directory: String) async throws {
        authority = directory + "/ca.crt"
        certificate = directory + "/server.crt"
        key = directory + "/server.key"
        let new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let authorityKey = directory + "/ca.key"
        try await Command.check(
            new + ["-keyout", authorityKey, "-out", authority, "-days", "2", "-subj", "/CN=Test authority"]
        )
        try await Command.check(
            new + [
                "-CA", authority, "-CAkey", authorityKey, "-keyout", key, "-out", certificate, "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1",
                "-addext", "basicConstraints=critical,CA:FALSE",
            ]
        )
    }
}
