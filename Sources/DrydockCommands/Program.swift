// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockOCI
import DrydockStorage
import Foundation

/// The program from its arguments to its exit code.
public enum Program: Sendable {
    /// Parses the command line, runs the command, and ends the process.
    public static func main() async -> Never {
        occupyStandardStreams()
        ProcessMemory.returnsLargeBlocks()
        // A reader that goes away is an error of the write, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        do {
            try requireProcessFiles()
            try HostThreads.require(threadsAtLeast)
        } catch {
            fail(error)
        }
        let interruption = Interruption()
        do {
            try await interruption.cancelling { try await run() }
        } catch {
            finish(error, interruption)
        }
        exit(0)
    }

    /// Takes the numbers of standard streams that are closed.
    ///
    /// Otherwise the next file to be opened would get such a number: a report for standard output would be written into
    /// an image. What is opened here refuses that with an error.
    private static func occupyStandardStreams() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Requires `/proc`: the runtime takes the arguments from there, and ends the process if it finds no threads there.
    private static func requireProcessFiles() throws {
        guard unsafe access("/proc/self/task", R_OK | X_OK) == 0 else {
            let hint = "mount it first, for example with 'mount -t proc proc /proc'"
            throw SystemError("read", "/proc/self/task", errorNumber: errno, hint: hint)
        }
    }

    /// What every command needs: the runtime's, a pool's and a client's.
    private static let threadsAtLeast = 6

    private static func run() async throws {
        try refuseUnknownCommand(CommandLine.arguments.dropFirst())
        var command = try DrydockCommand.parseAsRoot(RunWords.marked(Array(CommandLine.arguments.dropFirst())))
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    /// Names the command that does not exist, also where help is asked for; the parser would call it an unexpected argument,
    /// or show the general help.
    private static func refuseUnknownCommand(_ arguments: some Sequence<String>) throws {
        var commands = DrydockCommand.configuration.subcommands
        var words: [String] = []
        for name in arguments {
            guard !commands.isEmpty, !name.hasPrefix("-") else { return }
            let isHelp = words.isEmpty && name == "help"
            let known = commands.compactMap { $0.configuration.commandName } + (words.isEmpty ? ["help"] : [])
            guard isHelp || known.contains(name) else {
                let meant = EditDistance.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
                throw ValidationError(
                    "Unknown command '\((words.drop { $0 == "help" } + [name]).joined(separator: " "))'\(meant)"
                )
            }
            words.append(name)
            if isHelp { continue }
            commands = commands.first { $0.configuration.commandName == name }?.configuration.subcommands ?? []
        }
    }

    private static func finish(_ error: any Error, _ interruption: Interruption) -> Never {
        if let code = interruption.exitCode { exit(code) }
        // A command that has said everything itself.
        if let code = error as? ExitCode { exit(code.rawValue) }
        let code = DrydockCommand.exitCode(for: error)
        // Help, version and completion scripts are no errors, and wrong arguments have the parser's own text.
        if code != .failure { DrydockCommand.exit(withError: error) }
        fail(error)
    }

    private static func fail(_ error: any Error) -> Never {
        let (text, exitCode) = report(error)
        try? Output.text(text, toStandardError: true)
        exit(exitCode)
    }

    /// What is printed of an error, and the exit code.
    static func report(_ error: any Error) -> (text: String, exitCode: Int32) {
        switch error {
        case is SpecError: ("\(error)\n", specMistakes)
        case is ImageLocation.ParsingFailure, is ImageReference.ParsingFailure, is OptionConflict:
            ("Error: \(error)\n", wrongArguments)
        default: ("Error: \(error)\n", EXIT_FAILURE)
        }
    }

    /// `EX_USAGE` of sysexits.h(3head), as the argument parser has it.
    private static let wrongArguments: Int32 = 64

    /// `EX_DATAERR` of sysexits.h(3head).
    private static let specMistakes: Int32 = 65
}
