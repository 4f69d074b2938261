// SPDX-License-Identifier: Apache-2.0

/// One request from its first attempt to the answer that counts.
///
/// Input: what the server answers, or that the connection broke. Output: what to do next. Nothing here waits or sends;
/// the one who does calls ``resumed()`` after a wait or after it has got new credentials.
///
/// - A status that is expected ends it.
/// - 401 asks for credentials, at most twice, and only from the server that they are for.
/// - A redirect is followed, at most ten times, without credentials if it leads to another server. From TLS it leads
///   to TLS; the same host without TLS is a proxy's mistake and means the same host.
/// - 408, 429 and 5xx, and broken connections, are tried again from the start, if the request may be repeated.
package struct Exchange: Hashable, Sendable {
    /// What to do next.
    package enum Action: Hashable, Sendable {
        /// Send the request there, with or without credentials.
        case send(to: WebAddress, authorized: Bool)
        /// Get credentials that answer one of the challenges.
        case authenticate([AuthChallenge])
        /// Wait.
        case wait(Duration)
        /// The answer is the one.
        case accept
        /// The answer, or the broken connection, is a failure.
        case fail
        /// The redirect leads to where this client does not go.
        case refuseRedirect
    }

    /// What counts of an answer.
    package struct Answer: Hashable, Sendable {
        package var status: Int
        package var location: String?
        package var challenges: [AuthChallenge] = []
        package var retryAfter: Duration?

        package init(status: Int) { self.status = status }
    }

    /// What a request allows.
    package struct Rules: Hashable, Sendable {
        /// The statuses beside 2xx that are no failures.
        package var accepted: Set<Int> = []
        /// Whether redirects are followed.
        package var followsRedirects = false
        /// Whether a failure may be followed by a second attempt.
        package var isRepeatable = true

        package init() {}
    }

    private let start: WebAddress
    private let rules: Rules
    private var address: WebAddress
    private var retry: RetryState
    private var authentications = 0
    private var redirects = 0

    private static let authenticationLimit = 2
    private static let redirectLimit = 10

    /// A request to an address.
    package init(_ start: WebAddress, rules: Rules = Rules(), retry: RetryPolicy) {
        self.start = start
        self.rules = rules
        address = start
        self.retry = RetryState(retry)
    }

    /// The first step, and the one after a wait or after new credentials.
    package mutating func resumed() -> Action {
        address = start
        redirects = 0
        return .send(to: start, authorized: true)
    }

    /// The step after an answer.
    package mutating func answered(_ answer: Answer, jitter: Double) -> Action {
        if (200..<300).contains(answer.status) || rules.accepted.contains(answer.status) { return .accept }
        switch answer.status {
        case 401: return authenticate(answer.challenges)
        case 301, 302, 303, 307, 308: return follow(answer.location)
        case 408, 429, 500, 502, 503, 504: return waited(answer.retryAfter, jitter)
        default: return .fail
        }
    }

    /// The step after a connection could not be made or broke.
    package mutating func broke(jitter: Double) -> Action { waited(nil, jitter) }

    private mutating func authenticate(_ challenges: [AuthChallenge]) -> Action {
        let isOwn = address.isSameServer(as: start)
        guard isOwn, !challenges.isEmpty, authentications < Self.authenticationLimit else { return .fail }
        authentications += 1
        return .authenticate(challenges)
    }

    private mutating func follow(_ location: String?) -> Action {
        guard rules.followsRedirects else { return .fail }
        guard redirects < Self.redirectLimit, var next = location.flatMap(address.resolving) else {
            return .refuseRedirect
        }
        if start.scheme == .https, next.scheme == .http {
            guard next.authority == start.authority else { return .refuseRedirect }
            next = next.with(scheme: .https)
        }
        redirects += 1
        address = next
        return .send(to: next, authorized: next.isSameServer(as: start))
    }

    private mutating func waited(_ retryAfter: Duration?, _ jitter: Double) -> Action {
        guard rules.isRepeatable, let delay = retry.delay(retryAfter: retryAfter, jitter: jitter) else { return .fail }
        return .wait(delay)
    }
}
