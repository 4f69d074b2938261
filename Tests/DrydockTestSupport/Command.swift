// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Runs programs of this machine and gives back all that they wrote.
///
/// A program gets its own process group, which is killed as a whole at the deadline. It sees a small, fixed environment
/// (a search path, an English UTF-8 locale, no home), so that a test does not depend on who runs it.
public enum Command: Sendable {
    /// What a program wrote and how it ended.
    public struct Output: Equatable, Sendable {
        /// The exit status; 128 and the signal's number if a signal ended it, as a shell reports it.
        public let status: Int32
        /// What it wrote to standard output.
        public let standardOutput: [UInt8]
        /// What it wrote to standard error.
        public let standardError: [UInt8]

        /// Standard output as text, without the final line break.
        public var text: String { Self.text(standardOutput) }

        /// Standard error as text, without the final line break.
        public var errorText: String { Self.text(standardError) }

        private static func text(_ bytes: [UInt8]) -> String {
            let text = String(decoding: bytes, as: UTF8.self)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
    }

    /// A program that could not be started, took too long, or failed where success was asked for.
    public struct Failure: Error, CustomStringConvertible {
        /// The program and its arguments.
        public let arguments: [String]
        /// Why it counts as failed, with the end of what it wrote to standard error.
        public let reason: String

        /// The command line and the reason.
        public var description: String { "'\(arguments.joined(separator: " "))' \(reason)" }
    }

    /// Runs a program to its end, whatever its exit status is.
    ///
    /// - Parameters:
    ///   - arguments: The program, by path or by a name on the search path, and its arguments.
    ///   - input: What it reads from standard input.
    ///   - environment: Variables beside ``baseEnvironment``, or instead of some of its.
    ///   - directory: Where it runs; the test's own directory by default.
    ///   - timeout: The seconds after which its process group is killed.
    /// - Returns: What it wrote and how it ended.
    /// - Throws: ``Failure`` if the program cannot be started or reaches its deadline.
    public static func run(
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String] = [:],
        in directory: String? = nil,
        timeout: Double = 120
    ) async throws -> Output {
        let running = try await start(
            arguments,
            input: input,
            environment: environment,
            in: directory,
            timeout: timeout
        )
        return try await withTaskCancellationHandler {
            try await running.output()
        } onCancel: {
            running.killGroup()
        }
    }

    /// Runs a program to its end and gives its standard output as text.
    ///
    /// - Throws: ``Failure`` as ``run(_:input:environment:in:timeout:)`` does, and for every exit status but 0.
    @discardableResult
    public static func check(
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String] = [:],
        in directory: String? = nil,
        timeout: Double = 120
    ) async throws -> String {
        let output = try await run(arguments, input: input, environment: environment, in: directory, timeout: timeout)
        guard output.status != 0 else { return output.text }
        throw Failure(
            arguments: arguments,
            reason: "ended with status \(output.status): \(output.errorText.suffix(2000))"
        )
    }

    /// Runs a program that cleans up: to its end also when the test was cancelled.
    static func cleanUp(_ arguments: [String]) async throws {
        let output = try await start(arguments).output()
        guard output.status != 0 else { return }
        throw Failure(arguments: arguments, reason: "ended with status \(output.status): \(output.errorText)")
    }

    /// Starts a program and returns while it runs.
    ///
    /// - Throws: ``Failure`` if the program cannot be started.
    public static func start(
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String] = [:],
        in directory: String? = nil,
        timeout: Double = 120
    ) async throws -> RunningCommand {
        let launch = Launch(
            arguments: arguments,
            input: input,
            environment: baseEnvironment.merging(environment) { _, given in given },
            directory: directory
        )
        return try await RunningCommand.start(launch, timeout: timeout)
    }

    /// The variables that every program gets.
    public static let baseEnvironment = [
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]
}
