// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// Which proxy leads to which server, as the variables of the environment say.
///
/// `HTTPS_PROXY` for `https` and `HTTP_PROXY` for `http`, `ALL_PROXY` where the other one is not set, and `NO_PROXY` for
/// exceptions; in upper or in lower case, the upper one first, as Go's programs read them. `localhost` and loopback
/// addresses are never reached through a proxy, as with Docker, Podman and skopeo.
public struct ProxyRules: Hashable, Sendable {
    /// The proxy for `http`.
    public var http: ProxySettings?
    /// The proxy for `https`.
    public var https: ProxySettings?
    /// The servers that are reached without one.
    public var exceptions: ProxyExceptions

    /// These proxies and exceptions.
    public init(
        http: ProxySettings? = nil,
        https: ProxySettings? = nil,
        exceptions: ProxyExceptions = ProxyExceptions()
    ) {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    /// What the variables say.
    ///
    /// - Throws: ``RegistryConfigurationFailure`` if one of them is not the URL of an HTTP proxy; it shows nothing of the
    ///   text, which may hold a password.
    public init(variables: [String: String]) throws(RegistryConfigurationFailure) {
        // A web server's CGI programs get a client's header 'Proxy:' as HTTP_PROXY: https://httpoxy.org
        let isCGI = variables["REQUEST_METHOD"] != nil
        http = try Self.proxy(isCGI ? ["http_proxy", "ALL_PROXY", "all_proxy"] : Self.names("HTTP"), variables)
        https = try Self.proxy(Self.names("HTTPS"), variables)
        let text = ["NO_PROXY", "no_proxy"].compactMap { variables[$0] }.first { !$0.isEmpty }
        exceptions = ProxyExceptions(text ?? "")
    }

    /// The proxy that leads to a server.
    ///
    /// - Parameters:
    ///   - authority: The host with an optional port: `quay.io`, `localhost:5000`, `[::1]:5000`.
    ///   - scheme: How it is spoken to.
    /// - Returns: nil if the server is reached directly.
    public func proxy(for authority: String, scheme: URLScheme) -> ProxySettings? {
        guard let proxy = scheme == .https ? https : http else { return nil }
        let server = HostAndPort(authority, defaultPort: scheme == .https ? 443 : 80)
        return exceptions.contain(server) ? nil : proxy
    }

    private static func names(_ scheme: String) -> [String] {
        ["\(scheme)_PROXY", "\(scheme.lowercased())_proxy", "ALL_PROXY", "all_proxy"]
    }

    private static func proxy(
        _ names: [String],
        _ variables: [String: String]
    ) throws(RegistryConfigurationFailure) -> ProxySettings? {
        for name in names {
            guard let text = variables[name], !text.isEmpty else { continue }
            do { return try ProxySettings(parsing: text) } catch {
                throw RegistryConfigurationFailure(.proxy(variable: name, clause: error.clause))
            }
        }
        return nil
    }
}

extension ProxySettings {
    /// Why a text is not the URL of a proxy, without the text.
    struct ParsingFailure: Error, Equatable {
        let clause: String
    }

    /// Parses `[http://][USER[:PASSWORD]@]HOST[:PORT]`; the port is 80 where none is given.
    init(parsing text: String) throws(ParsingFailure) {
        var rest = text[...]
        if let range = rest.firstRange(of: "://") {
            let scheme = rest[..<range.lowerBound].lowercased()
            guard scheme == "http" else {
                let known = ["https", "socks", "socks4", "socks4a", "socks5", "socks5h"].contains(scheme)
                throw ParsingFailure(clause: "expected the scheme 'http'" + (known ? ", got '\(scheme)'" : ""))
            }
            rest = rest[range.upperBound...]
        }
        rest = rest.prefix { !"/?#".contains($0) }
        var credentials = RegistryCredentials.none
        if let at = rest.lastIndex(of: "@") {
            credentials = try Self.credentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        let server = HostAndPort(String(rest), defaultPort: 80)
        guard !server.host.isEmpty, server.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), server.port > 0 else {
            throw ParsingFailure(clause: "expected a host and a port")
        }
        self.init(host: server.host, port: server.port, credentials: credentials)
    }

    private static func credentials(_ text: Substring) throws(ParsingFailure) -> RegistryCredentials {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let decoded = parts.compactMap { PercentEncoding.decode($0) }
        guard decoded.count == parts.count else {
            throw ParsingFailure(clause: "its name or password has a '%' that begins no character")
        }
        return .basic(user: decoded[0], Secret(decoded.count > 1 ? decoded[1] : ""))
    }
}

/// Texts of URLs in which `%` and two digits stand for a byte.
enum PercentEncoding {
    /// The text; nil if a `%` begins no byte or the bytes are not UTF-8.
    static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let text = String(digits), text.allSatisfy(\.isHexDigit),
                let value = UInt8(text, radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
