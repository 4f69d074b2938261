// SPDX-License-Identifier: Apache-2.0

import DrydockCommands
import DrydockTestSupport
import Foundation
import Testing

/// Where the command of `drydock run` begins.
@Suite
struct RunWordsTests {
    struct Line: CustomTestStringConvertible {
        let typed: String
        let meant: String

        var testDescription: String { typed }

        init(_ typed: String, _ meant: String? = nil) {
            self.typed = typed
            self.meant = meant ?? typed
        }
    }

    @Test(
        arguments: [
            Line("run"), Line("run a"), Line("run -- a"), Line("run a -- ls -l"), Line("run a --check"),
            Line("run a ls", "run a -- ls"),
            Line("run a ls -l /", "run a -- ls -l /"),
            Line("run a ls -- -l", "run a -- ls -- -l"),
            Line("run - ls", "run - -- ls"),
            Line("run a -", "run a -- -"),
            Line("run -e A=b --check a --network host ls -e x", "run -e A=b --check a --network host -- ls -e x"),
            Line("run a --network=host ls", "run a --network=host -- ls"),
            Line("run --env a b", "run --env a b"),
            Line("run --env a b c", "run --env a b -- c"),
            Line("run a --help"), Line("build a b"), Line("help run a"), Line(""),
        ]
    )
    func `the command begins at the second word that is no option and no value`(_ line: Line) {
        let words = line.typed.split(separator: " ").map(String.init)
        #expect(RunWords.marked(words).joined(separator: " ") == line.meant)
    }

    @Test
    func `the options with values are those that the parser knows`() async throws {
        let dump = try await DrydockProgram.run("--experimental-dump-help")
        let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.standardOutput))
        let run = try #require(tool.command.subcommands?.first { $0.commandName == "run" })
        let options = try #require(run.arguments).filter { $0.kind == "option" }.flatMap { $0.names ?? [] }
        #expect(RunWords.optionsWithValue == Set(options.map { ($0.kind == "long" ? "--" : "-") + $0.name }))
    }

    private struct Tool: Decodable {
        let command: Subcommand
    }

    private struct Subcommand: Decodable {
        let commandName: String
        let subcommands: [Subcommand]?
        let arguments: [Argument]?
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: String
        let names: [Name]?
    }
}
