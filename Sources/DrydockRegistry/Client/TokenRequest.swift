// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
package import DrydockJSON

/// What a registry's token server is asked.
///
/// [Token authentication](https://distribution.github.io/distribution/spec/auth/token/) and, for refresh tokens,
/// [its OAuth 2 form](https://distribution.github.io/distribution/spec/auth/oauth/).
package struct TokenRequest: Hashable, Sendable {
    /// The method.
    package enum Method: Hashable, Sendable {
        /// With everything in the URL.
        case get
        /// With a form as its body.
        case post(form: Secret)
    }

    /// Where it goes.
    package let address: WebAddress
    /// How it goes.
    package let method: Method
    /// The value of the `Authorization` field.
    package let authorization: Secret?

    /// The request that answers a challenge.
    ///
    /// - Parameters:
    ///   - challenge: The registry's, of the scheme `bearer`.
    ///   - scopes: What the token is for.
    ///   - credentials: Who asks.
    ///   - registry: The address that sent the challenge.
    /// - Throws: ``RegistryFailure`` if the challenge names no token server, or one that must not see the credentials.
    package init(
        answering challenge: AuthChallenge,
        scopes: [String],
        credentials: RegistryCredentials,
        registry: WebAddress
    ) throws {
        guard let realm = challenge.parameters["realm"], let server = WebAddress(realm) else {
            throw RegistryFailure(.protocolViolation("the registry names no valid token server"))
        }
        guard registry.scheme == .http || server.scheme == .https else {
            throw RegistryFailure(.protocolViolation("the registry names a token server without TLS"))
        }
        let service = challenge.parameters["service"]
        switch credentials {
        case .identityToken(let token):
            self.init(server, form: Self.form(token: token, service: service, scopes: scopes))
        case .basic(let user, let password):
            let address = Self.address(server, service: service, scopes: scopes).adding("account", user)
            self.init(address, authorization: Self.basic(user: user, password))
        case .none: self.init(Self.address(server, service: service, scopes: scopes), authorization: nil)
        }
    }

    private init(_ address: WebAddress, authorization: Secret?) {
        self.address = address
        method = .get
        self.authorization = authorization
    }

    private init(_ address: WebAddress, form: Secret) {
        self.address = address
        method = .post(form: form)
        authorization = nil
    }

    private static func address(_ server: WebAddress, service: String?, scopes: [String]) -> WebAddress {
        var address = server
        if let service { address = address.adding("service", service) }
        for scope in scopes { address = address.adding("scope", scope) }
        return address
    }

    private static func form(token: Secret, service: String?, scopes: [String]) -> Secret {
        let fields = [
            ("grant_type", "refresh_token"), ("refresh_token", token.revealed), ("service", service ?? ""),
            ("scope", scopes.joined(separator: " ")), ("client_id", "drydock"),
        ]
        return Secret(fields.map { "\($0.0)=\(WebAddress.encoded($0.1))" }.joined(separator: "&"))
    }

    /// The value of an `Authorization` field with name and password.
    package static func basic(user: String, _ password: Secret) -> Secret {
        Secret("Basic " + Base64.encode(Array("\(user):\(password.revealed)".utf8)))
    }
}

extension Secret {
    /// Whether it is the value of an `Authorization` field with name and password.
    var isBasic: Bool { revealed.hasPrefix("Basic ") }
}

/// What a token server answers.
package struct TokenAnswer: Hashable, Sendable {
    /// The token.
    package let token: Secret
    /// How long it is valid.
    package let lifetime: Duration

    /// Reads the body of an answer.
    ///
    /// - Throws: `JSONFailure` if it holds no token.
    package init(parsing body: [UInt8]) throws(JSONFailure) {
        var members = try JSONMembers(json: JSONValue(parsing: body))
        let named: String? = try members.take("token")
        let standard: String? = try members.take("access_token")
        guard let text = named ?? standard, !text.isEmpty else { throw JSONFailure(.missing, path: "token") }
        token = Secret(text)
        let seconds: Int64? = try members.take("expires_in")
        // "For compatibility with older clients, a token should never be returned with less than 60 seconds to live."
        lifetime = .seconds(max(seconds ?? 60, 60))
    }
}
