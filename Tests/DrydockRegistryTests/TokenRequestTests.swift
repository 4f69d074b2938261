// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import DrydockRegistry
import Testing

@Suite struct TokenRequestTests {
    private let registry = WebAddress(scheme: .https, authority: "r.example", target: "/v2/")
    private let scopes = ["repository:a/b:pull,push"]

    private func challenge(_ realm: String) throws -> AuthChallenge {
        try #require(AuthChallenge.parse([#"Bearer realm="\#(realm)",service="the service""#]).first)
    }

    private func request(_ credentials: RegistryCredentials, realm: String = "https://auth/token") throws
        -> TokenRequest
    {
        try TokenRequest(
            answering: try challenge(realm),
            scopes: scopes,
            credentials: credentials,
            registry: registry
        )
    }

    @Test func `who has no credentials asks with nothing but the scopes`() throws {
        let request = try request(.none)
        #expect(
            request.address.description
                == "https://auth/token?service=the%20service&scope=repository%3Aa/b%3Apull%2Cpush"
        )
        #expect(request.method == .get)
        #expect(request.authorization == nil)
    }

    @Test func `a password goes to the token server`() throws {
        let request = try request(.basic(user: "Aladdin", Secret("open sesame")))
        #expect(request.authorization?.revealed == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        #expect(request.address.target.hasSuffix("&account=Aladdin"))
    }

    @Test func `a refresh token goes into a form`() throws {
        let request = try request(.identityToken(Secret("a+b")))
        #expect(request.address.description == "https://auth/token")
        #expect(
            request.method
                == .post(
                    form: Secret(
                        "grant_type=refresh_token&refresh_token=a%2Bb&service=the%20service"
                            + "&scope=repository%3Aa/b%3Apull%2Cpush&client_id=drydock"
                    )
                )
        )
    }

    @Test(arguments: ["http://auth/token", "ftp://auth/token", "nonsense", ""])
    func `credentials go nowhere without TLS`(realm: String) throws {
        #expect(throws: RegistryFailure.self) { _ = try request(.basic(user: "a", Secret("b")), realm: realm) }
    }

    @Test func `an answer has a token and a lifetime`() throws {
        let answer = try TokenAnswer(parsing: Array(#"{"token":"t","expires_in":300,"issued_at":"x"}"#.utf8))
        #expect(answer.token.revealed == "t")
        #expect(answer.lifetime == .seconds(300))
        let other = try TokenAnswer(parsing: Array(#"{"access_token":"u","expires_in":3}"#.utf8))
        #expect(other.token.revealed == "u")
        #expect(other.lifetime == .seconds(60))
        #expect(throws: JSONFailure.self) { _ = try TokenAnswer(parsing: Array("{}".utf8)) }
    }
}
