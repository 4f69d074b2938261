// SPDX-License-Identifier: Apache-2.0

/// Where a daemon with Docker's interface is: Docker itself, or Podman's service.
public struct DaemonEndpoint: Hashable, Sendable {
    /// How it is reached.
    public enum Address: Hashable, Sendable {
        /// By a socket in the file system.
        case socket(String)
        /// By TCP; with TLS where there are settings for it.
        case tcp(host: String, port: Int, tls: DaemonTLS?)
    }

    /// How it is reached.
    public var address: Address
    /// Who says so, for people: `DOCKER_HOST`, `the context 'remote'`.
    public var origin: String

    /// A daemon at an address.
    public init(_ address: Address, origin: String) {
        self.address = address
        self.origin = origin
    }

    /// Docker's port without TLS and with it.
    static let ports = (plain: 2_375, secure: 2_376)

    /// Parses the value of `DOCKER_HOST`: `unix://PATH` or `tcp://HOST[:PORT]`.
    ///
    /// - Parameters:
    ///   - text: The value.
    ///   - tls: The settings for TLS; nil for none.
    ///   - origin: Who says so.
    /// - Throws: ``DaemonFailure`` if it is something else.
    public init(parsing text: String, tls: DaemonTLS? = nil, origin: String) throws(DaemonFailure) {
        guard let separator = text.firstRange(of: "://") else { throw DaemonFailure(.address(text, origin: origin)) }
        let rest = text[separator.upperBound...]
        switch text[..<separator.lowerBound].lowercased() {
        case "unix":
            guard rest.hasPrefix("/"), !rest.contains("\0") else { throw DaemonFailure(.address(text, origin: origin)) }
            self.init(.socket(String(rest)), origin: origin)
        case "tcp", "http": self.init(try Self.tcp(rest, tls, text, origin), origin: origin)
        case "https": self.init(try Self.tcp(rest, tls ?? DaemonTLS(), text, origin), origin: origin)
        default: throw DaemonFailure(.address(text, origin: origin))
        }
    }

    private static func tcp(
        _ rest: Substring,
        _ tls: DaemonTLS?,
        _ text: String,
        _ origin: String
    ) throws(DaemonFailure) -> Address {
        let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
        let hostEnd = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : authority.startIndex
        guard let hostEnd else { throw DaemonFailure(.address(text, origin: origin)) }
        let colon = authority[hostEnd...].firstIndex(of: ":") ?? authority.endIndex
        let host = authority[..<colon]
        let digits = authority[colon...].dropFirst()
        let port = digits.isEmpty ? UInt16(tls == nil ? ports.plain : ports.secure) : UInt16(digits)
        guard !host.isEmpty, host.utf8.allSatisfy(isHostByte), let port, port > 0 else {
            throw DaemonFailure(.address(text, origin: origin))
        }
        return .tcp(host: String(host), port: Int(port), tls: tls)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"/?#@%\\".utf8.contains(byte)
    }
}

extension DaemonEndpoint: CustomStringConvertible {
    /// The path of the socket, or `tcp://HOST:PORT`.
    public var description: String {
        switch address {
        case .socket(let path): path
        case .tcp(let host, let port, _): "tcp://\(host):\(port)"
        }
    }
}

/// How a daemon is spoken to with TLS: PEM files.
public struct DaemonTLS: Hashable, Sendable {
    /// The authority that is trusted; nil for those of the system.
    public var authority: String?
    /// The client's certificate.
    public var certificate: String?
    /// Its key.
    public var key: String?
    /// Whether the daemon's certificate is checked.
    public var verifiesCertificate: Bool

    /// These files.
    public init(
        authority: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        verifiesCertificate: Bool = true
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.verifiesCertificate = verifiesCertificate
    }
}
