// SPDX-License-Identifier: Apache-2.0

/// Whom a request must convince, and of what.
struct AuthorizationTarget: Hashable, Sendable {
    /// A URL of the server that asks.
    let server: WebAddress
    /// The registry by the name under which credentials are known.
    let registry: String
    /// The repository, if it is about one.
    let repository: String?
    /// What tokens must allow, for example `repository:library/redis:pull`.
    let scopes: [String]
}

/// Knows what to write into the `Authorization` field, and gets new tokens where old ones have come to their end.
actor Authorizer {
    /// Sends a request to a token server.
    typealias Fetch = @Sendable (TokenRequest) async throws -> TokenAnswer

    private struct TokenKey: Hashable {
        let authority: String
        let scopes: [String]
    }

    private struct Token {
        let authorization: Secret
        let expiry: ContinuousClock.Instant
    }

    private let source: any CredentialSource
    private let clock: RegistryClock
    private let fetch: Fetch
    /// Lets one task at a time get a token: the others then use it.
    private let turn = Limiter(width: 1)
    private var tokens: [TokenKey: Token] = [:]
    private var basic: [String: Secret] = [:]
    private var known: [String: RegistryCredentials] = [:]

    /// A token that is about to end is not used any more.
    private static let margin = Duration.seconds(10)

    init(source: any CredentialSource, clock: RegistryClock, fetch: @escaping Fetch) {
        self.source = source
        self.clock = clock
        self.fetch = fetch
    }

    /// What is known to convince the server; nil before it has asked.
    func authorization(for target: AuthorizationTarget) -> Secret? {
        let authority = target.server.authority
        if let token = tokens[TokenKey(authority: authority, scopes: target.scopes)], token.expiry > clock.now() {
            return token.authorization
        }
        return basic[authority]
    }

    /// What answers the challenges of a server.
    ///
    /// - Parameters:
    ///   - challenges: As the server has sent them.
    ///   - rejected: What it did not accept.
    ///   - target: The server and what is wanted of it.
    /// - Returns: The value of the `Authorization` field; nil if nothing better is known.
    /// - Throws: What the source of credentials and the token server say.
    func authorization(
        answering challenges: [AuthChallenge],
        rejected: Secret?,
        for target: AuthorizationTarget
    ) async throws -> Secret? {
        try await turn.withPermit {
            // Another task may have got it while this one waited.
            if let current = authorization(for: target), current != rejected { return current }
            let credentials = try await credentials(for: target)
            if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
                return try await token(answering: challenge, credentials, for: target)
            }
            guard challenges.contains(where: { $0.scheme == "basic" }),
                case .basic(let user, let password) = credentials
            else { return nil }
            let header = TokenRequest.basic(user: user, password)
            basic[target.server.authority] = header
            return header == rejected ? nil : header
        }
    }

    private func token(
        answering challenge: AuthChallenge,
        _ credentials: RegistryCredentials,
        for target: AuthorizationTarget
    ) async throws -> Secret {
        let request = try TokenRequest(
            answering: challenge,
            scopes: Self.scopes(target.scopes, challenge),
            credentials: credentials,
            registry: target.server
        )
        let start = clock.now()
        let answer = try await answer(to: request, credentials, for: target)
        let authorization = Secret("Bearer " + answer.token.revealed)
        tokens[TokenKey(authority: target.server.authority, scopes: target.scopes)] = Token(
            authorization: authorization,
            expiry: start + answer.lifetime - Self.margin
        )
        return authorization
    }

    private func answer(
        to request: TokenRequest,
        _ credentials: RegistryCredentials,
        for target: AuthorizationTarget
    ) async throws -> TokenAnswer {
        do { return try await fetch(request) } catch let failure as RegistryFailure where failure.status == 401 {
            guard case .basic = credentials else { throw failure }
            throw RegistryFailure(.rejectedCredentials(registry: target.registry))
        }
    }

    private func credentials(for target: AuthorizationTarget) async throws -> RegistryCredentials {
        let key = "\(target.registry)/\(target.repository ?? "")"
        if let credentials = known[key] { return credentials }
        let credentials = try await source.credentials(for: target.registry, repository: target.repository)
        known[key] = credentials
        return credentials
    }

    /// What this client wants, and what the registry wants to see beside that.
    private static func scopes(_ own: [String], _ challenge: AuthChallenge) -> [String] {
        func resource(_ scope: String) -> Substring { scope[..<(scope.lastIndex(of: ":") ?? scope.endIndex)] }
        let asked = (challenge.parameters["scope"] ?? "").split(separator: " ").map(String.init)
        let resources = Set(own.map(resource))
        return own + asked.filter { !resources.contains(resource($0)) }
    }
}
