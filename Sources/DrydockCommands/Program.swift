// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import Foundation

/// The program from its arguments to its exit code.
public enum Program: Sendable {
    /// Parses the command line, runs the command, and ends the process.
    public static func main() async -> Never {
        // A reader that goes away is an error of the write, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption()
        do {
            try await interruption.cancelling { try await run() }
        } catch {
            finish(error, interruption)
        }
        exit(0)
    }

    private static func run() async throws {
        var command = try DrydockCommand.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    private static func finish(_ error: any Error, _ interruption: Interruption) -> Never {
        if let code = interruption.exitCode { exit(code) }
        let code = DrydockCommand.exitCode(for: error)
        // Help, version and completion scripts are no errors, and wrong arguments have the parser's own text.
        if code != .failure { DrydockCommand.exit(withError: error) }
        let (text, exitCode) = report(error)
        try? Output.text(text, toStandardError: true)
        exit(exitCode)
    }

    /// What is printed of an error, and the exit code.
    static func report(_ error: any Error) -> (text: String, exitCode: Int32) {
        if let error = error as? SpecError { return ("\(error)\n", specMistakes) }
        return ("Error: \(error)\n", EXIT_FAILURE)
    }

    /// `EX_DATAERR` of sysexits.h(3head).
    private static let specMistakes: Int32 = 65
}
