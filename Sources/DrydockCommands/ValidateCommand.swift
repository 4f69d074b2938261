// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockJSON
import DrydockStorage
import Foundation

/// `drydock validate`: whether all bytes of an archive or layout are what they should be.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Recompute all digests and sizes of an archive or image layout.",
        discussion: """
            Every image there is looked at, and every fault is listed, not only the first. The exit code is 1 if there \
            is any.

            Example:
              drydock validate oci:images
            """
    )

    @Argument(help: ArgumentHelp("The archive or layout.", valueName: "image"), completion: .file())
    var image: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The number of threads (default: one for each processor).", valueName: "n")
    )
    var jobs: Int?

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func validate() throws { try WorkOptions.check(jobs: jobs) }

    func run() async throws {
        let location = try ImageLocation(image)
        let directory = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let report = try await ImageValidation(of: location, temporaryDirectory: directory, width: jobs)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
        if !report.faults.isEmpty { throw ExitCode.failure }
    }
}

extension ImageValidation {
    fileprivate var json: JSONValue {
        .object([
            "images": .integer(Int64(imageCount)),
            "blobs": .integer(Int64(blobCount)),
            "bytes": .integer(byteCount),
            "faults": .array(sentences.map { .string($0) }),
        ])
    }

    fileprivate var text: String {
        let images = imageCount == 1 ? "1 image" : "\(imageCount) images"
        let blobs = blobCount == 1 ? "1 blob" : "\(blobCount) blobs"
        guard !faults.isEmpty else { return "valid: \(images), \(blobs), \(ByteSize(byteCount))\n" }
        let count = faults.count == 1 ? "1 fault" : "\(faults.count) faults"
        return sentences.map { $0 + "\n" }.joined() + "\(count) in \(images)\n"
    }

    /// The faults without hints, which would be the same for all.
    private var sentences: [String] {
        faults.map { String("\($0)".prefix { $0 != "\n" }) }
    }
}
