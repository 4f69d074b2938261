// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `drydock login` and `drydock logout` against a registry with passwords.
@Suite(.requires("docker-registry", "htpasswd"))
struct LoginTests {
    private struct Place {
        let directory: String
        let registry: String
        var environment: [String: String] { ["HOME": directory, "DRYDOCK_CACHE": directory + "/cache"] }
        var file: String { directory + "/.docker/config.json" }

        func run(_ arguments: [String], input: String = "") async throws -> Command.Output {
            try await Command.run([Drydock.path] + arguments, input: Array(input.utf8), environment: environment)
        }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        var settings = TestRegistry.Settings()
        settings.users = ["alice": "wonder land"]
        try await withTemporaryDirectory { directory in
            try await TestRegistry.withRegistry(settings) { registry in
                try await body(Place(directory: directory, registry: registry.authority))
            }
        }
    }

    @Test func `who is logged in pushes and pulls until the logout`() async throws {
        try await withPlace { place in
            let spec = place.directory + "/a.yaml"
            try "name: a\nfiles: [{ path: /a, text: x }]\n".write(toFile: spec, atomically: true, encoding: .utf8)
            let image = "docker://\(place.registry)/a:x"
            let login = ["login", place.registry, "-u", "alice", "--password-stdin"]
            let said = try await place.run(login, input: "wonder land\n")
            #expect(said.errorText == "")
            #expect(said.text == "logged in to \(place.registry); kept by \(place.file)")
            let mode = try FileManager.default.attributesOfItem(atPath: place.file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try await place.run(["build", spec, "-o", image, "--progress", "none"]).status == 0)
            let out = try await place.run(["logout", place.registry])
            #expect(out.text == "logged out of \(place.registry); removed from \(place.file)")
            let again = try await place.run(["logout", place.registry])
            #expect(again.text == "nobody was logged in to \(place.registry)")
            let refused = try await place.run(["inspect", image])
            #expect(refused.status == 1)
            #expect(refused.errorText.contains("hint: log in with 'drydock login'"))
        }
    }

    @Test func `what the registry does not accept is not kept`() async throws {
        try await withPlace { place in
            let login = ["login", place.registry, "--username", "alice", "--password-stdin"]
            let said = try await place.run(login, input: "other")
            #expect(said.status == 1)
            #expect(said.errorText == "Error: '\(place.registry)' does not accept this name and password")
            #expect(!FileManager.default.fileExists(atPath: place.file))
            let inspect = ["inspect", "docker://\(place.registry)/a:x", "--username", "alice", "--password-stdin"]
            let refused = try await place.run(inspect, input: "other")
            #expect(refused.status == 1)
            #expect(
                refused.errorText == """
                    Error: Cannot use '\(place.registry)/a:x': '\(place.registry)' does not accept this name and password
                    hint: log in anew with 'drydock login', or give others with --username and --password-stdin
                    """
            )
        }
    }

    @Test func `without a terminal and for a name that is no registry there is a hint`() async throws {
        try await withPlace { place in
            let silent = try await place.run(["login", place.registry])
            #expect(
                silent.errorText == """
                    Error: There is no terminal to ask at
                    hint: drydock login REGISTRY -u NAME --password-stdin < FILE
                    """
            )
            let wrong = try await place.run(["login", "ghcr", "-u", "a", "--password-stdin"], input: "b")
            #expect(
                wrong.errorText == "Error: 'ghcr' is no registry: expected a host with an optional port, for example "
                    + "ghcr.io or localhost:5000"
            )
            let empty = try await place.run(["login", place.registry, "-u", "a", "--password-stdin"])
            #expect(empty.errorText == "Error: The name and the password must not be empty")
        }
    }

    @Test(.requires("python3"))
    func `a terminal is asked, and does not show the password`() async throws {
        let script = """
            import os, pty, sys
            process, terminal = pty.fork()
            if process == 0: os.execv(sys.argv[1], sys.argv[1:])
            text = b""
            for prompt, answer in ((b"Name: ", b"alice\\n"), (b"Password: ", b"wonder land\\n")):
                while prompt not in text: text += os.read(terminal, 4096)
                os.write(terminal, answer)
            try:
                while True:
                    part = os.read(terminal, 4096)
                    if not part: break
                    text += part
            except OSError: pass
            sys.stdout.buffer.write(text)
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            """
        try await withPlace { place in
            let output = try await Command.run(
                ["python3", "-c", script, Drydock.path, "login", place.registry],
                environment: place.environment
            )
            #expect(output.status == 0)
            #expect(output.text.contains("logged in to \(place.registry)"))
            #expect(!output.text.contains("wonder"))
        }
    }
}
