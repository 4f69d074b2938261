// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Something that cannot work, and what the command says to it.
///
/// The cases are written in `Fixtures/bad-input` as they look in a terminal:
///
///     === a name for people
///     lines of shell that prepare a fresh directory
///     $ the line of shell that is tested
///     (exit code)
///     the exact text on standard error
///
/// `{dir}` stands for that directory, `{triplet}` for the name that Debian gives to this machine's architecture, and
/// `{any}` for what depends on the machine.
struct BadInput: CustomTestStringConvertible {
    let name: String
    let setup: String
    let command: String
    let exitCode: Int32
    let errorText: String

    var testDescription: String { name }

    /// The cases of one file.
    static func all(_ file: String) throws -> [BadInput] {
        let text = "\n" + (try DrydockProgram.fixture("bad-input/\(file).txt"))
        return try text.components(separatedBy: "\n=== ").dropFirst().map(BadInput.init)
    }

    private init(_ text: String) throws {
        var lines = text.components(separatedBy: "\n")
        if lines.last == "" { lines.removeLast() }
        let start = try #require(lines.firstIndex { $0.hasPrefix("$ ") }, "No command: \(text)")
        let code = try #require(Int32(lines[start + 1].dropFirst().dropLast()), "No exit code: \(text)")
        name = lines[0]
        setup = lines[1..<start].joined(separator: "\n")
        command = String(lines[start].dropFirst(2))
        exitCode = code
        errorText = lines[(start + 2)...].joined(separator: "\n")
    }

    /// Runs the case and compares everything.
    func check() async throws {
        try await withTemporaryDirectory { directory in
            let output = try await Command.run(
                ["sh", "-c", try DrydockProgram.fixture("driver.sh"), "driver", directory, setup, command],
                environment: ["DRYDOCK": DrydockProgram.path, "PRELUDE": DrydockProgram.fixtures + "/prelude.sh"],
                in: directory
            )
            let before = try listing("before", in: directory)
            #expect(output.status == exitCode)
            #expect(matches(output.errorText, in: directory), "\(output.errorText)")
            #expect(try listing("after", in: directory) == before, "Something was left behind or changed")
        }
    }

    /// What the directories held; the preparation has failed if there is none.
    private func listing(_ name: String, in directory: String) throws -> String {
        let bytes = FileManager.default.contents(atPath: "\(directory)/\(name)")
        let log = FileManager.default.contents(atPath: directory + "/setup.log") ?? Data()
        return String(decoding: try #require(bytes, "\(String(decoding: log, as: UTF8.self))"), as: UTF8.self)
    }

    private func matches(_ text: String, in directory: String) -> Bool {
        let expected = errorText.replacing("{dir}", with: directory + "/work")
            .replacing("{triplet}", with: Self.triplet)
        let parts = expected.components(separatedBy: "{any}")
        guard parts.count == 2 else { return text == expected }
        return text.hasPrefix(parts[0]) && text.hasSuffix(parts[1]) && text.utf8.count >= expected.utf8.count - 5
    }

    private static let triplet: String = {
        #if arch(x86_64)
            "x86_64-linux-gnu"
        #else
            "aarch64-linux-gnu"
        #endif
    }()
}

/// Bad input of every kind: the exact text, the exit code, and nothing left behind.
@Suite
struct BadInputTests {
    @Test(arguments: try BadInput.all("spec"))
    func `a spec`(_ input: BadInput) async throws { try await input.check() }

    @Test(.requires("cc", "python3", "xz", "zstd"), arguments: try BadInput.all("contents"))
    func `contents`(_ input: BadInput) async throws { try await input.check() }

    @Test(.requires("cc"), arguments: try BadInput.all("executables"))
    func `an executable`(_ input: BadInput) async throws { try await input.check() }

    @Test(.requires("script"), arguments: try BadInput.all("destinations"))
    func `a destination`(_ input: BadInput) async throws { try await input.check() }

    @Test(.requiresRoot, arguments: try BadInput.all("full-disk"))
    func `a full disk`(_ input: BadInput) async throws { try await input.check() }

    @Test(arguments: try BadInput.all("inspect"))
    func `an image`(_ input: BadInput) async throws { try await input.check() }

    @Test(arguments: try BadInput.all("options"))
    func `an option`(_ input: BadInput) async throws { try await input.check() }

    @Test
    func `no two cases have one name`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: DrydockProgram.fixtures + "/bad-input")
        let names = try files.flatMap { try BadInput.all(String($0.dropLast(4))) }.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count >= 70)
    }
}
