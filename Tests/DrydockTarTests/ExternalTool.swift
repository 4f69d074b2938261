// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The programs of the system that read or write tar archives, run in one directory.
struct ExternalTool {
    static let python = "/usr/bin/python3"
    static let tar = "/usr/bin/tar"

    /// The working directory of every run.
    private let directory: String

    /// Calls `body` with a new directory that vanishes afterwards.
    static func use<Result>(_ body: (ExternalTool) async throws -> Result) async throws -> Result {
        try await withTemporaryDirectory { try await body(ExternalTool(directory: $0)) }
    }

    /// The path of a file in the folder `Fixtures`.
    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: directory).appending(path: name))
    }

    func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: directory).appending(path: name)))
    }

    /// Runs the program and returns the lines of its standard output; fails the test if the program fails.
    @discardableResult
    func run(_ program: String, _ arguments: [String], input: String = "") async throws -> [String] {
        let text = try await Command.check(
            [program] + arguments,
            input: Array(input.utf8),
            environment: ["LC_ALL": "C", "TZ": "UTC"],
            in: directory
        )
        return text.split(separator: "\n").map(String.init)
    }
}
