// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DrydockJSON
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// A connection that could not be made or that broke.
struct BrokenConnection: Error {
    /// What a person is told.
    let reason: RegistryFailure.Reason
    /// What may help.
    let remedy: Remedy

    /// What may help against a broken connection.
    enum Remedy {
        /// Another attempt.
        case repetition
        /// Another attempt at a server that has answered before. Where nothing listens, or nobody knows the name, waiting is
        /// of no use: mostly the name is wrong.
        case patience
        /// To do without TLS: the server does not speak it, or not well enough.
        case plainConnection
        /// To do without TLS, as a proxy opens no tunnel; or another attempt.
        case anotherWay
        /// Nothing that this program could do.
        case nothing
    }

    /// Puts an error of the HTTP client into words.
    ///
    /// - Throws: `CancellationError` if the task was cancelled: that is no failure of the connection.
    init(_ error: any Error, to address: WebAddress) throws {
        try Task.checkCancellation()
        let host = address.authority.clippedForMessage
        switch error {
        case let failure as BrokenConnection: self = failure
        case let failure as HTTPClientError:
            self.init(.connection(Self.text(failure, host)), Self.remedy(failure))
        case let failure as NIOSSLError: self.init(tls: "\(failure)", host)
        case let failure as NIOSSLExtraError:
            self.init(.untrusted("\(host): \(failure)".clippedForMessage), .plainConnection)
        case let failure as BoringSSLError: self.init(tls: "\(failure)", host)
        case let failure as NIOConnectionError:
            let remedy = Self.isAnswer(failure) ? Remedy.patience : .repetition
            self.init(.connection("cannot connect to \(host): \(Self.cause(failure))"), remedy)
        case let failure as IOError where failure.errnoCode == ECONNREFUSED:
            self.init(.connection("cannot connect to \(host): \(Self.words(failure))"), .patience)
        case let failure as IOError where Self.unreachable.contains(failure.errnoCode):
            self.init(.connection("cannot connect to \(host): \(Self.words(failure))"))
        case let failure as IOError:
            self.init(.connection("the connection to \(host) broke: \(Self.words(failure))"))
        default: self.init(.connection("the connection to \(host) broke: \("\(error)".clippedForMessage)"))
        }
    }

    private init(_ reason: RegistryFailure.Reason, _ remedy: Remedy = .repetition) {
        self.reason = reason
        self.remedy = remedy
    }

    /// A failure of TLS in the library's words.
    private init(tls text: String, _ host: String) {
        // Go's servers have said the one and say the other to a client that shows none.
        if text.contains("ALERT_CERTIFICATE_REQUIRED") || text.contains("ALERT_BAD_CERTIFICATE") {
            self.init(.clientCertificate("\(host) wants a certificate of this client that it trusts"), .nothing)
        } else {
            self.init(Self.reason(text, host), .plainConnection)
        }
    }

    private static func remedy(_ error: HTTPClientError) -> Remedy {
        switch error {
        case .invalidProxyResponse: .anotherWay
        case .proxyAuthenticationRequired: .nothing
        default: .repetition
        }
    }

    /// What a person is told if a proxy wants to know who asks.
    static func wrongProxyCredentials(_ address: WebAddress) -> RegistryFailure.Reason {
        .connection(text(.proxyAuthenticationRequired, address.authority.clippedForMessage))
    }

    private static func text(_ error: HTTPClientError, _ host: String) -> String {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: "cannot connect to \(host): it does not answer"
        case .tlsHandshakeTimeout: "cannot connect to \(host): it does not complete the TLS handshake"
        case .readTimeout, .writeTimeout, .deadlineExceeded: "\(host) was silent for too long"
        case .remoteConnectionClosed, .uncleanShutdown: "\(host) closed the connection"
        case .proxyAuthenticationRequired: "the proxy to \(host) wants other credentials"
        case .invalidProxyResponse, .httpProxyHandshakeTimeout: "the proxy refuses to connect to \(host)"
        default: "the connection to \(host) broke: \(error.shortDescription)"
        }
    }

    private static func reason(_ text: String, _ host: String) -> RegistryFailure.Reason {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return .untrusted("the certificate of \(host) is not signed by an authority that this machine trusts")
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return .withoutTLS("\(host) does not speak TLS")
        }
        return .untrusted("TLS with \(host) failed: \(text.clippedForMessage)")
    }

    /// Errors of a connection that was never there.
    private static let unreachable: Set<CInt> = [EHOSTUNREACH, ENETUNREACH, EHOSTDOWN]

    /// Whether the name is not known, or every address of it has refused.
    private static func isAnswer(_ error: NIOConnectionError) -> Bool {
        error.connectionErrors.allSatisfy { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
    }

    private static func cause(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first {
            return (first.error as? IOError).map(words) ?? "\(first.error)".clippedForMessage
        }
        return error.dnsAError == nil && error.dnsAAAAError == nil ? "no address" : "its name is not known"
    }

    private static func words(_ error: IOError) -> String {
        unsafe String(cString: strerror(error.errnoCode)).lowercased()
    }
}
