// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockOCI
import DrydockStorage

/// `drydock inspect`: what an image is.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show an image's digest, configuration, layers and history.",
        discussion: """
            IMAGE is docker-archive:PATH[:NAME:TAG], oci:DIR[:TAG], oci-archive:PATH[:TAG], docker://REF for an image in \
            a registry, docker-daemon:NAME[:TAG], or a path, whose content tells what it is.

            A docker-archive holds no manifest; its digest is that of the manifest which the image has with \
            uncompressed layers.
            """
    )

    @Argument(help: ArgumentHelp("The image.", valueName: "image"), completion: .file())
    var image: String

    @Flag(help: "What is printed (default: a summary).")
    var part: Part?

    @OptionGroup var sources: ImageSourceOptions

    func run() async throws {
        if part != .tree, let reference = try RemoteImage.reference(in: image) {
            return try await show(try await description(of: reference))
        }
        try await sources.source(for: image).withImage(at: image) { try await show($0) }
    }

    private func show(_ stored: StoredImage) async throws {
        switch part {
        case nil: try Output.text(ImageReport(stored).fullText + "\n")
        case .json: try Output.json(ImageReport(stored).json)
        case .tree: try await printTree(stored)
        case .digest: try Output.text("\(stored.descriptor.digest)\n")
        case .config: try Output.bytes(stored.configurationBytes + Array("\n".utf8))
        case .manifest: try Output.bytes(stored.manifestBytes + Array("\n".utf8))
        }
    }

    /// What a registry says of an image, without its layers.
    private func description(of reference: ImageReference) async throws -> StoredImage {
        let platform = try sources.selection.platform.map { try Platform($0) }
        let blobs = LocalBlobs(try sources.cache.workingStore())
        return try await sources.registry.withClient(for: reference.registry) { client in
            let pull = ImagePull(reference, platform: platform, client: client, blobs: blobs)
            return try await BlockingPool.withPool(width: 1) { _ in try await pull.describe() }
        }
    }

    /// One line for each entry of the root file system.
    private func printTree(_ image: StoredImage) async throws {
        let directory = try BuildEnvironment.current().temporaryDirectory
        for entry in try await ImageTree.entries(of: image, temporaryDirectory: directory) {
            try Output.text(EntryReport(entry: entry).text + "\n")
        }
    }

    /// A part of what there is to know.
    enum Part: EnumerableFlag {
        case json
        case digest
        case config
        case manifest
        case tree

        static func help(for value: Part) -> ArgumentHelp? {
            switch value {
            case .json: "Print everything as one JSON object."
            case .digest: "Print the digest of the manifest."
            case .config: "Print the image configuration as it is stored."
            case .manifest: "Print the manifest as it is stored."
            case .tree: "List all files that a container of the image sees."
            }
        }
    }
}
