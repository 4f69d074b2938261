// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// The file `.netrc`.
@Suite
struct NetrcFileTests {
    /// A file, a registry, and the answer.
    struct Case: CustomTestStringConvertible {
        let reason: String
        let file: String
        var registry = "example.com"
        let answer: RegistryCredentials

        var testDescription: String { reason }
    }

    @Test(arguments: [
        Case(
            reason: "one line",
            file: "machine example.com login a password b",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(
            reason: "several lines, comments and an account",
            file:
                "# note\nmachine other login x password y\n\nmachine EXAMPLE.com # mine\n\tlogin a account z\n password b\n",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(
            reason: "quotes with escapes",
            file: ##"machine example.com login "a b" password "c\"d\\#""##,
            answer: .basic(user: "a b", Secret(##"c"d\#"##))
        ),
        Case(
            reason: "a number sign inside a password",
            file: "machine example.com login a password b#c",
            answer: .basic(user: "a", Secret("b#c"))
        ),
        Case(
            reason: "a macro is skipped up to an empty line",
            file: "macdef init\nmachine example.com login no password no\n\nmachine example.com login a password b",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(
            reason: "a host is meant with every port",
            file: "machine example.com login a password b",
            registry: "example.com:5000",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(
            reason: "a host with a port counts more",
            file: "machine example.com login a password b machine example.com:5000 login c password d",
            registry: "example.com:5000",
            answer: .basic(user: "c", Secret("d"))
        ),
        Case(
            reason: "Docker's own registry",
            file: "machine index.docker.io login a password b",
            registry: "docker.io",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(reason: "the default is for nobody", file: "default login a password b", answer: .none),
        Case(reason: "a name alone", file: "machine example.com login a", answer: .none),
        Case(reason: "another host", file: "machine example.com.evil login a password b", answer: .none),
        Case(
            reason: "an end in the middle",
            file: "machine example.com login a password \"b",
            answer: .basic(user: "a", Secret("b"))
        ),
        Case(reason: "nothing", file: "", answer: .none),
        Case(reason: "a key at the end", file: "machine", answer: .none),
    ])
    func `names and passwords are found by host`(example: Case) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/netrc"
            try example.file.write(toFile: path, atomically: false, encoding: .utf8)
            let chain = CredentialChain(files: [], netrc: path, helpers: .none)
            #expect(try await chain.credentials(for: example.registry, repository: "r") == example.answer)
        }
    }
}
