// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Who decides how an archive is compressed: the option, then the suffix on the command line, then the spec.
@Suite
struct CompressionChoiceTests {
    struct Choice: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let compressor: String
        let arguments: [String]
        let file: String
        /// How the file begins.
        let magic: [UInt8]
    }

    private static let gzip: [UInt8] = [0x1F, 0x8B]
    private static let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    static let choices = [
        Choice(testDescription: "the spec", compressor: "gz", arguments: [], file: "case.tar.gz", magic: gzip),
        Choice(
            testDescription: "the suffix",
            compressor: "gz",
            arguments: ["-o", "case.tar.zst"],
            file: "case.tar.zst",
            magic: zstd
        ),
        Choice(
            testDescription: "the option",
            compressor: "none",
            arguments: ["-o", "case.tar.zst", "--compress", "gzip"],
            file: "case.tar.zst",
            magic: gzip
        ),
    ]

    @Test(arguments: choices)
    func `what is written on the command line counts more than the spec`(choice: Choice) async throws {
        try await withTemporaryDirectory { directory in
            let spec = "name: case\ncompressor: \(choice.compressor)\n"
            try spec.write(toFile: directory + "/case.yaml", atomically: true, encoding: .utf8)
            try await Command.check([Drydock.path, "build", "case.yaml"] + choice.arguments, in: directory)
            let bytes = try Data(contentsOf: URL(filePath: "\(directory)/\(choice.file)"))
            #expect(Array(bytes.prefix(choice.magic.count)) == choice.magic)
        }
    }
}
