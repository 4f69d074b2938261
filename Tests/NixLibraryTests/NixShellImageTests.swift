// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images of a derivation's environment, as nixpkgs' own test looks at them.
@Suite
struct NixShellImageTests {
    @Test(
        .requires("docker", "dockerd", "runc"),
        .requiresClosures,
        arguments: [
            Shell("hook", "This is the shell hook!", isTerminal: true),
            Shell("inputs", "Hello, world!", isTerminal: true),
            Shell("pass-as-file", "this is a string", isTerminal: true),
            Shell("run", "This shell is not interactive"),
            Shell("command", "This shell is interactive", isTerminal: true),
            Shell("writable-home", "written"),
            Shell("nonexistent-home", "none"),
            Shell("build-derivation", "Hello, world!"),
        ]
    )
    func `an image of an environment does what it says`(_ shell: Shell) async throws {
        let image = try await LibraryImage.loaded("nix-shell-" + shell.name)
        let text = try await image.run(options: shell.isTerminal ? ["--tty"] : [])
        #expect(text.trimmingCharacters(in: .whitespacesAndNewlines).hasSuffix(shell.output))
    }

    struct Shell: Sendable, CustomTestStringConvertible {
        let name: String
        let output: String
        let isTerminal: Bool

        init(_ name: String, _ output: String, isTerminal: Bool = false) {
            self.name = name
            self.output = output
            self.isTerminal = isTerminal
        }

        var testDescription: String { name }
    }

    @Test(.requires("docker", "dockerd", "runc"), .requiresClosures)
    func `a derivation can be built in an image of its environment`() async throws {
        let image = try await LibraryImage.loaded("nix-shell-basic")
        let command = try #require(try await image.inspect()["Config"]?["Cmd"]?.elements.compactMap(\.string))
        let script = "source \(command[2]); buildDerivation && $out/bin/hello"
        #expect(try await image.run([command[0], "-c", script]) == "Hello, world!")
    }
}
