// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct AuthChallengeTests {
    @Test func `a challenge of a token server has its parameters`() {
        let text =
            #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#
        let challenges = AuthChallenge.parse([text])
        #expect(challenges.map(\.scheme) == ["bearer"])
        #expect(
            challenges.first?.parameters == [
                "realm": "https://auth.docker.io/token", "service": "registry.docker.io",
                "scope": "repository:a/b:pull,push",
            ]
        )
    }

    @Test func `several challenges stand in one field or in several`() {
        let one = AuthChallenge.parse([#"Negotiate, Basic realm="a, \"b\"", Bearer realm=https://x/token, service=y"#])
        #expect(one.map(\.scheme) == ["negotiate", "basic", "bearer"])
        #expect(one[1].parameters == ["realm": #"a, "b""#])
        #expect(one[2].parameters == ["realm": "https://x/token", "service": "y"])
        #expect(AuthChallenge.parse(["Basic realm=\"x\"", "bearer a=b"]).map(\.scheme) == ["basic", "bearer"])
    }

    @Test(arguments: ["", ",,,", "=", "\"", "Bearer realm=\"open", "Bearer =", "Bearer realm=,x", "a b c = = d"])
    func `what is malformed never hangs`(text: String) {
        #expect(AuthChallenge.parse([text]).count <= 4)
    }
}
