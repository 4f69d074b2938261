// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// Programs `docker-credential-*`, played by scripts.
@Suite
struct CredentialHelperTests {
    /// Keeps credentials in files beside itself.
    private static let keeper = """
        #!/bin/sh
        cd "$HELPER_DIRECTORY" || exit 9
        case $1 in
        get)
            read -r server
            name=$(printf %s "$server" | tr -c 'a-z0-9\\n' _)
            if [ -f "$name" ]; then cat "$name"; else echo "credentials not found in native keychain"; exit 1; fi ;;
        store)
            document=$(cat)
            server=$(printf %s "$document" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
            printf %s "$document" >"$(printf %s "$server" | tr -c 'a-z0-9\\n' _)" ;;
        erase)
            read -r server
            rm "$(printf %s "$server" | tr -c 'a-z0-9\\n' _)" ;;
        esac
        """

    private func withHelper(
        _ script: String,
        file: String,
        timeout: Duration = .seconds(120),
        _ body: (CredentialChain, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let program = directory + "/docker-credential-fake"
            // By another process: a file that this one writes is busy as long as a child of another test has it open.
            let writing = ["sh", "-c", "cat >\"$0\" && chmod 755 \"$0\"", program]
            try await Command.check(writing, input: Array(script.utf8))
            let path = directory + "/config.json"
            try file.write(toFile: path, atomically: false, encoding: .utf8)
            let environment = ["HELPER_DIRECTORY": directory, "PATH": "/usr/bin:/bin"]
            let helpers = HelperSettings(searchPath: [directory], environment: environment, timeout: timeout)
            try await body(CredentialChain(files: [.init(path: path)], helpers: helpers), path)
        }
    }

    @Test(arguments: [#"{"credsStore":"fake"}"#, #"{"credHelpers":{"quay.io":"fake","docker.io":"fake"}}"#])
    func `what a helper keeps is found, and gone when it is forgotten`(file: String) async throws {
        try await withHelper(Self.keeper, file: file) { chain, path in
            let keeper = CredentialKeeper(chain: chain, preferredFile: path)
            #expect(try await chain.credentials(for: "quay.io", repository: "a") == .none)
            let basic = RegistryCredentials.basic(user: "alice", Secret("wonder"))
            #expect(try await keeper.keep(basic, for: "quay.io") == "docker-credential-fake")
            #expect(try await keeper.keep(.identityToken(Secret("t")), for: "docker.io") == "docker-credential-fake")
            #expect(try await chain.credentials(for: "quay.io", repository: "a") == basic)
            #expect(try await chain.credentials(for: "docker.io", repository: "a/b") == .identityToken(Secret("t")))
            let kept = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!kept.contains("auth\":") && !kept.contains("wonder"))
            #expect(try await keeper.forget("quay.io") == ["docker-credential-fake"])
            #expect(try await keeper.forget("quay.io") == [])
            #expect(try await chain.credentials(for: "quay.io", repository: "a") == .none)
            #expect(try await chain.credentials(for: "docker.io", repository: "a") == .identityToken(Secret("t")))
        }
    }

    /// A helper that fails, and what is said of it.
    struct Fault: CustomTestStringConvertible {
        let script: String
        let message: String

        var testDescription: String { message }
    }

    @Test(arguments: [
        Fault(
            script: "#!/bin/sh\necho the keychain is locked\nexit 1",
            message: "'docker-credential-fake get' failed for 'quay.io': the keychain is locked"
        ),
        Fault(
            script: #"#!/bin/sh\#necho '{"Username":"u","Secret":"hidden"}'\#nexit 3"#,
            message: "'docker-credential-fake get' failed for 'quay.io': it ended with status 3"
        ),
        Fault(
            script: "#!/bin/sh\nexit 2",
            message: "'docker-credential-fake get' failed for 'quay.io': it said nothing"
        ),
        Fault(
            script: "#!/bin/sh\necho hidden",
            message: "'docker-credential-fake get' answered for 'quay.io' with something else than credentials"
        ),
        Fault(
            script: "#!/bin/sh\nhead -c 2000000 /dev/zero; exec sleep 1000",
            message: "'docker-credential-fake get' failed for 'quay.io': its answer has more than 1048576 bytes"
        ),
        Fault(
            script: "#!/nonexistent\n",
            message: "'docker-credential-fake get' failed for 'quay.io': it cannot be started"
        ),
    ])
    func `a helper that fails is named, and what it keeps is not`(fault: Fault) async throws {
        try await withHelper(fault.script, file: #"{"credsStore":"fake"}"#) { chain, _ in
            let failure = await #expect(throws: CredentialFailure.self) {
                try await chain.credentials(for: "quay.io", repository: "a")
            }
            #expect(failure.map { "\($0)" } == fault.message)
        }
    }

    @Test
    func `a helper that hangs is ended, with all that it has started`() async throws {
        let script = "#!/bin/sh\necho $$ >\"$HELPER_DIRECTORY/number\"\nsleep 1000"
        try await withHelper(script, file: #"{"credsStore":"fake"}"#, timeout: .seconds(15)) { chain, path in
            let failure = await #expect(throws: CredentialFailure.self) {
                try await chain.credentials(for: "quay.io", repository: "a")
            }
            #expect(
                failure.map { "\($0)" } == "'docker-credential-fake get' did not answer for 'quay.io' within 15 seconds"
            )
            let numberFile = path.replacing("config.json", with: "number")
            let number = try #require(Int32(try String(contentsOfFile: numberFile, encoding: .utf8).dropLast()))
            #expect(kill(number, 0) == -1)
        }
    }

    @Test
    func `a helper's complaint does not repeat the secret that it was given`() async throws {
        let script = "#!/bin/sh\nread -r all\necho \"no: $all\"\nexit 1"
        try await withHelper(script, file: #"{"credsStore":"fake"}"#) { chain, path in
            let keeper = CredentialKeeper(chain: chain, preferredFile: path)
            let failure = await #expect(throws: CredentialFailure.self) {
                try await keeper.keep(.basic(user: "u", Secret("hunter2")), for: "quay.io")
            }
            let text = failure.map { "\($0)" } ?? ""
            #expect(text.hasPrefix("'docker-credential-fake store' failed for 'quay.io': no: "))
            #expect(!text.contains("hunter2"))
        }
    }
}
