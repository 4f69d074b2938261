// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct RetryStateTests {
    private var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.attempts = 4
        policy.firstDelay = .seconds(1)
        policy.longestDelay = .seconds(3)
        return policy
    }

    @Test func `each wait is twice as long up to a bound, and then nothing more is tried`() {
        var state = RetryState(policy)
        let delays = (0..<4).map { _ in state.delay(jitter: 1) }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(3), nil])
    }

    @Test func `chance shortens a wait by at most a half`() {
        var state = RetryState(policy)
        #expect(state.delay(jitter: 0) == .milliseconds(500))
    }

    @Test func `progress forgives failures`() {
        var state = RetryState(policy)
        for _ in 0..<10 {
            #expect(state.delay(jitter: 1) == .seconds(1))
            state.progressed()
        }
    }

    @Test func `a server may ask for a longer wait, within reason`() {
        var state = RetryState(policy)
        #expect(state.delay(retryAfter: .seconds(60), jitter: 0) == .seconds(60))
        #expect(state.delay(retryAfter: .seconds(3_000), jitter: 0) == nil)
    }

    @Test func `a wait is given in seconds or as a date`() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(RetryAfter.duration("120", date: nil) == .seconds(120))
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: date) == .seconds(30))
        #expect(
            RetryAfter.duration("Thu, 01 Mar 2029 00:00:01 GMT", date: "Wed, 28 Feb 2029 23:59:59 GMT") == .seconds(2)
        )
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:40:07 GMT", date: date) == .zero)
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: nil) == nil)
        for text in ["", "-1", "soon", "Sun, 06 Foo 1994 08:50:07 GMT", "Sun, 06 Nov 1994 08:50 GMT"] {
            #expect(RetryAfter.duration(text, date: date) == nil, "\(text)")
        }
    }
}
