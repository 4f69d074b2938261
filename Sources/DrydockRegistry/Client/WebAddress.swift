// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// The absolute URL of a request.
///
/// Servers name URLs in redirects, upload locations and challenges; what is not plainly one of HTTP is refused.
package struct WebAddress: Hashable, Sendable {
    /// The scheme.
    package let scheme: URLScheme
    /// The host in lower case, with its port unless it is the usual one.
    package let authority: String
    /// Path and query, from the slash on.
    package let target: String

    /// An address of known parts; the target starts with a slash.
    package init(scheme: URLScheme, authority: String, target: String) {
        self.scheme = scheme
        self.authority = Self.normalised(authority, scheme)
        self.target = target
    }

    /// Parses an absolute URL; nil if it is not one of HTTP, has a user or bytes that no URL has.
    package init?(_ text: String) {
        guard Self.isPlain(text), let separator = text.firstRange(of: "://"),
            let scheme = URLScheme(rawValue: text[..<separator.lowerBound].lowercased())
        else { return nil }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let target = rest[authority.endIndex...]
        self.init(
            scheme: scheme,
            authority: String(authority),
            target: target.hasPrefix("/") ? String(target) : "/\(target)"
        )
    }

    /// What a reference means that a server has sent in answer to a request to this address; nil as for ``init(_:)``.
    ///
    /// [RFC 3986, section 5.2](https://www.rfc-editor.org/rfc/rfc3986#section-5.2), without dot segments.
    package func resolving(_ reference: String) -> WebAddress? {
        guard Self.isPlain(reference) else { return nil }
        let text = String(reference.prefix { $0 != "#" })
        if text.hasPrefix("//") { return WebAddress("\(scheme.rawValue):\(text)") }
        if text.hasPrefix("/") { return WebAddress(scheme: scheme, authority: authority, target: text) }
        if text.firstRange(of: "://") != nil, let absolute = WebAddress(text) { return absolute }
        let path = target.prefix { $0 != "?" }
        if text.hasPrefix("?") { return WebAddress(scheme: scheme, authority: authority, target: path + text) }
        guard !text.isEmpty, text.firstRange(of: "://") == nil else { return nil }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return WebAddress(scheme: scheme, authority: authority, target: folder + text)
    }

    /// The address with one more parameter, whose value is encoded.
    package func adding(_ name: String, _ value: String) -> WebAddress {
        let separator = target.contains("?") ? (target.hasSuffix("?") || target.hasSuffix("&") ? "" : "&") : "?"
        return WebAddress(
            scheme: scheme,
            authority: authority,
            target: "\(target)\(separator)\(name)=\(Self.encoded(value))"
        )
    }

    /// The address under the other scheme.
    package func with(scheme: URLScheme) -> WebAddress {
        WebAddress(scheme: scheme, authority: authority, target: target)
    }

    /// Whether credentials for the one may be sent to the other.
    package func isSameServer(as other: WebAddress) -> Bool {
        scheme == other.scheme && authority == other.authority
    }

    /// Percent-encodes everything but letters, digits and `-._~/`.
    package static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = UnicodeScalar(byte)
            if scalar.isASCII, scalar.properties.isAlphabetic || ("0"..."9").contains(Character(scalar)) {
                result.unicodeScalars.append(scalar)
            } else if "-._~/".utf8.contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= lengthLimit && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// Signed addresses of object stores have about two thousand bytes.
    private static let lengthLimit = 32_768

    private static func normalised(_ authority: String, _ scheme: URLScheme) -> String {
        let text = authority.lowercased()
        let usual = scheme == .https ? ":443" : ":80"
        // The colons of an address in brackets are no port.
        return text.hasSuffix(usual) && !text.hasSuffix(":" + usual) ? String(text.dropLast(usual.count)) : text
    }
}

extension WebAddress: CustomStringConvertible {
    /// The whole URL; not for people, since it may carry a signature.
    package var description: String { "\(scheme.rawValue)://\(authority)\(target)" }

    /// The URL with the values of unknown parameters left out.
    package var redacted: String {
        let path = target.prefix { $0 != "?" }
        let parameters = target.dropFirst(path.count + 1).split(separator: "&").map { parameter in
            let name = parameter.prefix { $0 != "=" }
            return Self.harmless.contains(String(name)) ? String(parameter) : "\(name)=…"
        }
        let query = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
        return "\(scheme.rawValue)://\(authority)\(path)\(query)".clippedForMessage
    }

    /// Parameters of the specification and of token servers, which say nothing that is secret.
    private static let harmless: Set<String> = [
        "digest", "from", "last", "mount", "n", "ns", "scope", "service",
    ]
}
