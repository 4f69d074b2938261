// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// What Docker's and Podman's files say, and how it is looked up.
@Suite
struct AuthFileTests {
    /// A file, a question, and the answer.
    struct Case: CustomTestStringConvertible {
        let reason: String
        let file: String
        var registry = "quay.io"
        var repository: String? = "team/app"
        let answer: RegistryCredentials

        var testDescription: String { reason }
    }

    /// `alice:wonder`, `bob:builder`.
    private static let alice = "YWxpY2U6d29uZGVy"
    private static let bob = "Ym9iOmJ1aWxkZXI="

    static let cases = [
        Case(
            reason: "name and password in base 64",
            file: #"{"auths":{"quay.io":{"auth":"\#(alice)"}}}"#,
            answer: .basic(user: "alice", Secret("wonder"))
        ),
        Case(
            reason: "base 64 without padding, and zero bytes behind the password",
            file: #"{"auths":{"quay.io":{"auth":"Ym9iOmJ1aWxkZXIAAA"}}}"#,
            answer: .basic(user: "bob", Secret("builder"))
        ),
        Case(
            reason: "a colon in the password",
            file: #"{"auths":{"quay.io":{"auth":"YTpiOmM="}}}"#,
            answer: .basic(user: "a", Secret("b:c"))
        ),
        Case(
            reason: "an identity token counts more than the name beside it",
            file: #"{"auths":{"quay.io":{"auth":"\#(alice)","identitytoken":"refresh"}}}"#,
            answer: .identityToken(Secret("refresh"))
        ),
        Case(
            reason: "name and password as old programs wrote them",
            file: #"{"auths":{"quay.io":{"username":"u","password":"p","email":"x@y"}}}"#,
            answer: .basic(user: "u", Secret("p"))
        ),
        Case(
            reason: "the most specific namespace",
            file: #"{"auths":{"quay.io":{"auth":"\#(alice)"},"quay.io/team":{"auth":"\#(bob)"}}}"#,
            answer: .basic(user: "bob", Secret("builder"))
        ),
        Case(
            reason: "a repository counts more than its namespace",
            file: #"{"auths":{"quay.io/team/app":{"auth":"\#(alice)"},"quay.io/team":{"auth":"\#(bob)"}}}"#,
            answer: .basic(user: "alice", Secret("wonder"))
        ),
        Case(
            reason: "a namespace ends at a slash",
            file: #"{"auths":{"quay.io/te":{"auth":"\#(bob)"},"quay.io/team/ap":{"auth":"\#(bob)"}}}"#,
            answer: .none
        ),
        Case(
            reason: "a namespace is not the registry",
            file: #"{"auths":{"quay.io/team":{"auth":"\#(bob)"}}}"#,
            repository: nil,
            answer: .none
        ),
        Case(
            reason: "Docker's own registry under its old name",
            file: #"{"auths":{"https://index.docker.io/v1/":{"auth":"\#(alice)"}}}"#,
            registry: "docker.io",
            repository: "library/redis",
            answer: .basic(user: "alice", Secret("wonder"))
        ),
        Case(
            reason: "Docker's own registry under Podman's name",
            file: #"{"auths":{"docker.io":{"auth":"\#(alice)"}}}"#,
            registry: "docker.io",
            repository: "library/redis",
            answer: .basic(user: "alice", Secret("wonder"))
        ),
        Case(
            reason: "a scheme and the name of an API version",
            file: #"{"auths":{"http://Quay.io/v2/":{"auth":"\#(alice)"}}}"#,
            answer: .basic(user: "alice", Secret("wonder"))
        ),
        Case(
            reason: "a port belongs to the registry",
            file: #"{"auths":{"localhost":{"auth":"\#(alice)"},"localhost:5000":{"auth":"\#(bob)"}}}"#,
            registry: "localhost:5000",
            answer: .basic(user: "bob", Secret("builder"))
        ),
        Case(
            reason: "another registry gets nothing",
            file: #"{"auths":{"quay.io":{"auth":"\#(alice)"}}}"#,
            registry: "quay.io.evil.example",
            answer: .none
        ),
        Case(
            reason: "a default helper that is not installed does not stop a public image",
            file: #"{"credsStore":"not-installed-anywhere","auths":{"ghcr.io":{}}}"#,
            answer: .none
        ),
        Case(reason: "an empty entry", file: #"{"auths":{"quay.io":{}}}"#, answer: .none),
        Case(reason: "an empty file", file: "\n", answer: .none),
    ]

    @Test(arguments: cases)
    func `credentials are found by their registry`(example: Case) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/auth.json"
            try example.file.write(toFile: path, atomically: false, encoding: .utf8)
            let chain = CredentialChain(files: [.init(path: path)], helpers: .none)
            let found = try await chain.credentials(for: example.registry, repository: example.repository)
            #expect(found == example.answer)
        }
    }

    @Test
    func `the first file that knows something decides, and the command line before all`() async throws {
        try await withTemporaryDirectory { directory in
            let files = ["a", "b", "c"].map { CredentialChain.File(path: "\(directory)/\($0)") }
            try #"{"auths":{"ghcr.io":{"auth":"\#(Self.alice)"}}}"#
                .write(toFile: files[1].path, atomically: false, encoding: .utf8)
            try #"{"auths":{"quay.io":{"auth":"\#(Self.bob)"},"ghcr.io":{"auth":"\#(Self.bob)"}}}"#
                .write(toFile: files[2].path, atomically: false, encoding: .utf8)
            try "machine example.com login n password q".write(
                toFile: directory + "/netrc",
                atomically: false,
                encoding: .utf8
            )
            var chain = CredentialChain(files: files, netrc: directory + "/netrc", helpers: .none)
            #expect(
                try await chain.credentials(for: "ghcr.io", repository: "x") == .basic(user: "alice", Secret("wonder"))
            )
            #expect(
                try await chain.credentials(for: "quay.io", repository: "x") == .basic(user: "bob", Secret("builder"))
            )
            #expect(try await chain.credentials(for: "example.com", repository: nil) == .basic(user: "n", Secret("q")))
            #expect(try await chain.credentials(for: "example.org", repository: nil) == .none)
            chain.given = ["quay.io": .basic(user: "me", Secret("now"))]
            #expect(try await chain.credentials(for: "quay.io", repository: "x") == .basic(user: "me", Secret("now")))
        }
    }

    /// A file that cannot be used, and what is said of it.
    struct Fault: CustomTestStringConvertible {
        let file: String
        let message: String

        var testDescription: String { message }
    }

    @Test(arguments: [
        Fault(file: "{", message: "Cannot read 'PATH': unexpected end at byte 1"),
        Fault(file: #"{"auths":[]}"#, message: "Cannot read 'PATH': 'auths': expected an object, got an array"),
        Fault(
            file: #"{"auths":{"quay.io":{"auth":"c2VjcmV0"}}}"#,
            message:
                "Cannot read 'PATH': the entry of 'quay.io' holds no name and password\nhint: drydock login quay.io"
        ),
        Fault(
            file: #"{"credHelpers":{"quay.io":"not-installed-anywhere"}}"#,
            message: "Cannot find 'docker-credential-not-installed-anywhere', which an auth file names as a credential "
                + "helper\nhint: install it, or remove it from 'credsStore' or 'credHelpers' of that file"
        ),
        Fault(
            file: #"{"credHelpers":{"quay.io":"../../bin/sh"}}"#,
            message: "'../../bin/sh' cannot be a credential helper: expected letters, digits, '-', '_' and '.'"
        ),
        Fault(
            file: #"{"credsStore":"not-installed-anywhere","auths":{"quay.io":{}}}"#,
            message: "Cannot find 'docker-credential-not-installed-anywhere', which an auth file names as a credential "
                + "helper\nhint: install it, or remove it from 'credsStore' or 'credHelpers' of that file"
        ),
    ])
    func `a file that cannot be used is named, and nothing of what it holds`(fault: Fault) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/auth.json"
            try fault.file.write(toFile: path, atomically: false, encoding: .utf8)
            let chain = CredentialChain(files: [.init(path: path)], helpers: .none)
            let failure = await #expect(throws: CredentialFailure.self) {
                try await chain.credentials(for: "quay.io", repository: "team/app")
            }
            #expect(failure.map { "\($0)" } == fault.message.replacing("PATH", with: path))
        }
    }

    @Test
    func `a file that somebody named has to be there`() async throws {
        let chain = CredentialChain(files: [.init(path: "/nonexistent/auth.json", isRequired: true)], helpers: .none)
        let failure = await #expect(throws: CredentialFailure.self) {
            try await chain.credentials(for: "quay.io", repository: nil)
        }
        #expect(
            failure.map { "\($0)" } == "Cannot read '/nonexistent/auth.json': there is no such file\n"
                + "hint: 'drydock login' makes it, or unset REGISTRY_AUTH_FILE"
        )
    }

    @Test
    func `hostile files end with an error or without credentials, never with a crash`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/auth.json"
            let whole = Array(
                #"{"auths":{"quay.io":{"auth":"\#(Self.alice)","identitytoken":"t"}},"credHelpers":{"a":"b"}}"#.utf8
            )
            let chain = CredentialChain(files: [.init(path: path)], helpers: .none)
            for seed in 0..<200 {
                var generator = SeededGenerator(seed: UInt64(seed))
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let position = Int.random(in: 0..<bytes.count, using: &generator)
                    if Bool.random(using: &generator) {
                        bytes[position] = UInt8.random(in: 0...255, using: &generator)
                    } else {
                        bytes.remove(at: position)
                    }
                }
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                do { _ = try await chain.credentials(for: "quay.io", repository: "a/b") } catch is CredentialFailure {}
            }
        }
    }
}

extension HelperSettings {
    /// No helper is installed.
    static var none: HelperSettings { HelperSettings(searchPath: [], environment: [:]) }
}
