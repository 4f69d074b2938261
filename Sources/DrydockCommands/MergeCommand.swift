// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockFiles
import DrydockStorage

/// `drydock merge`: several images in one archive or layout.
struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put several images into one archive or image layout.",
        discussion: """
            Each IMAGE is a location as for 'drydock copy'; without a name, all images there are taken. All names are \
            kept, images without a name too, and layers that images share are stored once. A name that means \
            different images is an error.

            Example:
              drydock merge redis.tar web.tar.zst oci:images -o all.tar && docker load -i all.tar
            """
    )

    @Argument(help: ArgumentHelp("The images.", valueName: "image"), completion: .file())
    var sources: [String]

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("Where they go.", valueName: "dest"),
        completion: .file()
    )
    var output: String

    @OptionGroup var transfer: TransferOptions

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let locations = try sources.map { try ImageLocation($0) }
        let transfer = transfer
        let images = try await BlockingPool.withPool(width: 1) { _ in
            try StoredImage.merged(locations.map { try transfer.images(at: $0) })
        }
        try await CopyRun(images: images, transfer: transfer, work: work).finish(to: output, asJSON: json)
    }
}
