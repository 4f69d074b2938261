// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DrydockFiles
import DrydockJSON
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request to a daemon.
struct DaemonRequest {
    private let endpoint: DaemonEndpoint
    private let request: HTTPClientRequest
    private let action: String

    /// A request; with a body it is a POST of an archive.
    init(_ endpoint: DaemonEndpoint, path: String, action: String, body: HTTPClientRequest.Body? = nil) {
        self.endpoint = endpoint
        self.action = action
        var request = HTTPClientRequest(url: Self.base(endpoint) + path)
        // Go's servers refuse the path of a socket as the name of a host.
        if case .socket = endpoint.address { request.headers.add(name: "Host", value: "localhost") }
        if let body {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-tar")
            request.body = body
        }
        self.request = request
    }

    private static func base(_ endpoint: DaemonEndpoint) -> String {
        switch endpoint.address {
        case .socket(let path): "http+unix://\(encoded(path, alsoSlashes: true))"
        case .tcp(let host, let port, let tls): "\(tls == nil ? "http" : "https")://\(host):\(port)"
        }
    }

    /// A text as part of a path.
    static func encoded(_ text: String, alsoSlashes: Bool = false) -> String {
        let plain = Set("-._~:@".utf8)
        return text.utf8.map { byte in
            let scalar = UnicodeScalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                || plain.contains(byte)
                || (byte == UInt8(ascii: "/") && !alsoSlashes)
            return isPlain ? String(scalar) : (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// Sends it and waits for the head of the answer.
    ///
    /// - Throws: ``DaemonFailure``, and what producing the body throws.
    func send(_ http: HTTPClient) async throws -> HTTPClientResponse {
        do {
            return try await http.execute(request, deadline: .distantFuture)
        } catch let error as IOError {
            throw failure(errorNumber: error.errnoCode)
        } catch let error as NIOConnectionError {
            let numbers = error.connectionErrors.compactMap { ($0.error as? IOError)?.errnoCode }
            if let number = numbers.first { throw failure(errorNumber: number) }
            throw failure("its name is not known")
        } catch let error where error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
            throw failure(Self.clause(ofTLS: "\(error)"))
        } catch let error as HTTPClientError {
            switch error {
            case .connectTimeout: throw failure("it does not answer")
            case .remoteConnectionClosed: throw failure("it ended the connection")
            default: throw failure("it does not speak HTTP as expected")
            }
        }
    }

    private static func clause(ofTLS text: String) -> String {
        if text.contains("ALERT_CERTIFICATE_REQUIRED") || text.contains("ALERT_BAD_CERTIFICATE") {
            return "it wants a certificate of this client that it trusts"
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not signed by a trusted authority" }
        return "it does not speak TLS as expected"
    }

    private func failure(errorNumber: Int32) -> DaemonFailure {
        switch errorNumber {
        case ENOENT, ECONNREFUSED, ENOTDIR: DaemonFailure(.notRunning("\(endpoint)"))
        case EACCES, EPERM: DaemonFailure(.notPermitted("\(endpoint)"))
        default: failure(SystemError.text(of: errorNumber))
        }
    }

    private func failure(_ clause: String) -> DaemonFailure {
        DaemonFailure(.connection("\(endpoint)", clause: clause))
    }

    /// What the daemon says in an answer that is no success: its `message`.
    func refusal(_ response: HTTPClientResponse) async throws -> DaemonFailure {
        let body = try await response.body.collect(upTo: 1 << 20)
        let bytes = Array(body.readableBytesView)
        let members = try? JSONMembers(parsing: bytes)
        let status = Int(response.status.code)
        guard case .string(let message)? = members?.remaining["message"], !message.isEmpty else {
            let text = String(decoding: bytes.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first
            let words = text.map(String.init) ?? "it gave no reason"
            return DaemonFailure(.refused(action: action, status: status, message: words))
        }
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return DaemonFailure(.refused(action: action, status: status, message: line))
    }
}
