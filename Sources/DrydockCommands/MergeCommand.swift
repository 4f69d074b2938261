// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockStorage

/// `drydock merge`: several images in one archive or layout.
struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put several images into one archive or image layout.",
        discussion: """
            Each IMAGE is a file as for 'drydock copy', of which all images are taken where no name is given, or \
            docker://REF. All names are kept, images without a name too, and layers that images share are stored once. A name that means \
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

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let remote = try registry.images(named: sources, keptIn: cache)
        var groups: [[StoredImage]] = []
        for source in sources { groups.append(try await images(at: source, remote)) }
        let merged = StoredImage.merged(groups)
        try await CopyRun(images: merged, transfer: transfer, work: work).finish(to: output, asJSON: json)
    }

    private func images(at text: String, _ remote: RemoteImages?) async throws -> [StoredImage] {
        if let image = try await remote?.image(at: text, transfer.platform) { return [image] }
        let location = try ImageLocation(text)
        let transfer = transfer
        return try await BlockingPool.withPool(width: 1) { _ in try transfer.images(at: location) }
    }
}
