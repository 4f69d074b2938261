// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation

/// The program under test: the binary that was built together with these tests.
enum DrydockProgram {
    /// Its path: the tests' own program stands beside it.
    static let path: String = {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("drydock").path
    }()

    /// The directory with the data of these tests.
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    /// The text of a fixture.
    static func fixture(_ name: String) throws -> String {
        try String(contentsOfFile: "\(fixtures)/\(name)", encoding: .utf8)
    }

    /// Runs it to its end.
    static func run(_ arguments: String..., in directory: String? = nil) async throws -> Command.Output {
        try await Command.run([path] + arguments, in: directory)
    }
}
