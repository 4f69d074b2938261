// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A program of the system that turns its standard input into its standard output.
struct FilterProgram: Sendable, CustomTestStringConvertible {
    static let gunzip = FilterProgram("/usr/bin/gzip", "-dc")
    static let gzip = FilterProgram("/usr/bin/gzip", "-9")
    static let unzstd = FilterProgram("/usr/bin/zstd", "-dcq")
    static let zstd = FilterProgram("/usr/bin/zstd", "-cq", "--check", "-5")
    static let xz = FilterProgram("/usr/bin/xz", "-c", "-0", "--block-size=1MiB")
    static let bzip2 = FilterProgram("/usr/bin/bzip2", "-c", "-1")
    static let sha256 = FilterProgram("/usr/bin/sha256sum")

    static func python(_ program: String) -> FilterProgram { FilterProgram("/usr/bin/python3", "-c", program) }

    let path: String
    let arguments: [String]

    init(_ path: String, _ arguments: String...) {
        self.path = path
        self.arguments = arguments
    }

    var testDescription: String { ([path] + arguments).joined(separator: " ") }

    /// Runs the program; fails the test if the program fails.
    ///
    /// Files instead of pipes, because a full pipe would block the program.
    func callAsFunction(_ input: [UInt8]) throws -> [UInt8] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "drydock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (source, target) = (directory.appending(path: "in"), directory.appending(path: "out"))
        try Data(input).write(to: source)
        try Data().write(to: target)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: target)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(testDescription) failed")
        return try Array(Data(contentsOf: target))
    }
}
