// SPDX-License-Identifier: Apache-2.0

import DrydockCommands
import DrydockTestSupport
import Testing

/// What the command says of itself.
@Suite
struct HelpTests {
    @Test(
        arguments: [
            "drydock", "build", "plan", "stream", "layer", "pull", "prefetch", "login", "logout", "copy", "merge",
            "index",
            "inspect", "tags", "diff", "run", "export", "validate", "cache", "cache-ls", "cache-gc", "cache-verify",
            "doctor",
        ]
    )
    func `each command has its help`(_ name: String) async throws {
        let arguments = (name == "drydock" ? [] : name.split(separator: "-").map(String.init)) + ["--help"]
        let output = try await Command.run([DrydockProgram.path] + arguments)
        #expect(output.status == 0)
        #expect(output.errorText == "")
        #expect(output.text + "\n" == (try DrydockProgram.fixture("help/\(name).txt")))
    }

    @Test
    func `without arguments the help is shown`() async throws {
        let output = try await DrydockProgram.run()
        #expect(output.status == 0)
        #expect(output.text + "\n" == (try DrydockProgram.fixture("help/drydock.txt")))
    }

    @Test
    func `the version is a number`() async throws {
        let output = try await DrydockProgram.run("--version")
        #expect(output.status == 0)
        #expect(output.text == DrydockVersion.current)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completion scripts know every command and are sound`(_ shell: String) async throws {
        let output = try await DrydockProgram.run("--generate-completion-script", shell)
        #expect(output.status == 0)
        for word in [
            "build", "plan", "stream", "copy", "merge", "index", "inspect", "diff", "run", "export", "validate",
            "cache",
            "doctor",
            "compress", "progress",
        ] {
            #expect(output.text.contains(word))
        }
        // Each shell that is here reads its script without running it.
        guard Tools.path(of: shell) != nil else { return }
        try await Command.check([shell, "-n", "/dev/stdin"], input: output.standardOutput)
    }
}
