// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct SecretTests {
    private let secret = Secret("hunter2")

    @Test func `no way of printing shows the text`() {
        let credentials = RegistryCredentials.basic(user: "me", secret)
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in [
            "\(secret)", secret.debugDescription, "\(credentials)",
            "\(ProxySettings(host: "p", port: 1, credentials: credentials))", dumped,
        ] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        #expect("\(secret)" == "<secret>")
    }

    @Test func `the text is there for requests`() { #expect(secret.revealed == "hunter2") }

    @Test func `Docker's registry has its server's name`() throws {
        let settings = DirectSettings().hostSettings(for: "docker.io", repository: "library/redis")
        #expect(settings.endpoints.map(\.authority) == ["registry-1.docker.io"])
        #expect(settings.endpoints.map(\.scheme) == [.https])
    }
}
