// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct ExchangeTests {
    private let start = WebAddress(scheme: .https, authority: "r.example", target: "/v2/a/blobs/x")

    private func exchange(follows: Bool = true, repeats: Bool = true) -> Exchange {
        var rules = Exchange.Rules()
        rules.followsRedirects = follows
        rules.isRepeatable = repeats
        rules.accepted = [404]
        var policy = RetryPolicy()
        policy.attempts = 2
        return Exchange(start, rules: rules, retry: policy)
    }

    private func answer(_ status: Int, location: String? = nil, retryAfter: Duration? = nil) -> Exchange.Answer {
        var answer = Exchange.Answer(status: status)
        answer.location = location
        answer.retryAfter = retryAfter
        answer.challenges = status == 401 ? AuthChallenge.parse(["Basic realm=x"]) : []
        return answer
    }

    @Test func `the first attempt goes to the address, with credentials`() {
        var exchange = exchange()
        #expect(exchange.resumed() == .send(to: start, authorized: true))
    }

    @Test(arguments: [200, 202, 206, 404])
    func `an expected status ends it`(status: Int) {
        var exchange = exchange()
        #expect(exchange.answered(answer(status), jitter: 0) == .accept)
    }

    @Test(arguments: [400, 403, 405, 418, 501])
    func `another status is a failure at once`(status: Int) {
        var exchange = exchange()
        #expect(exchange.answered(answer(status), jitter: 0) == .fail)
    }

    @Test func `credentials are asked for twice at most`() {
        var exchange = exchange()
        for _ in 0..<2 {
            let action = exchange.answered(answer(401), jitter: 0)
            #expect(action == .authenticate(AuthChallenge.parse(["Basic realm=x"])))
        }
        #expect(exchange.answered(answer(401), jitter: 0) == .fail)
    }

    @Test func `a redirect to another server goes without credentials, and its challenges are not answered`() {
        var exchange = exchange()
        let other = WebAddress(scheme: .https, authority: "s3.example", target: "/y?sig=1")
        let action = exchange.answered(answer(307, location: "https://s3.example/y?sig=1"), jitter: 0)
        #expect(action == .send(to: other, authorized: false))
        #expect(exchange.answered(answer(401), jitter: 0) == .fail)
    }

    @Test func `a redirect on the same server keeps them`() {
        var exchange = exchange()
        let next = WebAddress(scheme: .https, authority: "r.example", target: "/z")
        #expect(exchange.answered(answer(302, location: "/z"), jitter: 0) == .send(to: next, authorized: true))
    }

    @Test func `no redirect leads away from TLS`() {
        var exchange = exchange()
        #expect(exchange.answered(answer(302, location: "http://evil/z"), jitter: 0) == .refuseRedirect)
        let next = WebAddress(scheme: .https, authority: "r.example", target: "/z")
        let action = exchange.answered(answer(302, location: "http://r.example/z"), jitter: 0)
        #expect(action == .send(to: next, authorized: true))
    }

    @Test func `redirects end`() {
        var exchange = exchange()
        var action = Exchange.Action.accept
        for number in 0..<11 { action = exchange.answered(answer(302, location: "/\(number)"), jitter: 0) }
        #expect(action == .refuseRedirect)
        #expect(exchange.answered(answer(302), jitter: 0) == .refuseRedirect)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func `what may pass is tried again from the start`(status: Int) {
        var exchange = exchange()
        _ = exchange.answered(answer(302, location: "/z"), jitter: 0)
        let action = exchange.answered(answer(status, retryAfter: .seconds(7)), jitter: 0)
        #expect(action == .wait(.seconds(7)))
        #expect(exchange.resumed() == .send(to: start, authorized: true))
        #expect(exchange.answered(answer(status), jitter: 0) == .fail)
    }

    @Test func `what may not be repeated is not`() {
        var exchange = exchange(repeats: false)
        #expect(exchange.answered(answer(503), jitter: 0) == .fail)
        #expect(exchange.broke(jitter: 0) == .fail)
    }
}
