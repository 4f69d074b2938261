// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A program of the system that reads or writes tar archives, run in a directory that vanishes afterwards.
struct ExternalTool: ~Copyable {
    static let python = "/usr/bin/python3"
    static let tar = "/usr/bin/tar"

    /// The path of a file in the folder `Fixtures`.
    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
    }

    /// The working directory of every run.
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "drydock-tar-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: directory.appending(path: name))
    }

    func read(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: directory.appending(path: name))) }

    /// Runs the program and returns what it wrote to standard output; fails the test if the program fails.
    ///
    /// Files instead of pipes, because a full pipe would block the program.
    func run(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        for name in ["stdin", "stdout", "stderr"] { try write(name == "stdin" ? input : [], to: name) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"]
        process.standardInput = try FileHandle(forReadingFrom: directory.appending(path: "stdin"))
        process.standardOutput = try FileHandle(forWritingTo: directory.appending(path: "stdout"))
        process.standardError = try FileHandle(forWritingTo: directory.appending(path: "stderr"))
        try process.run()
        process.waitUntilExit()
        let complaint = try String(decoding: read("stderr"), as: UTF8.self)
        try #require(process.terminationStatus == 0, "\(complaint)")
        return try read("stdout")
    }

    /// The lines of what the program wrote to standard output.
    func lines(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> [String] {
        try String(decoding: run(program, arguments, input: input), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }
}
