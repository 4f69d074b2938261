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

    @OptionGroup var selection: PlatformOption

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    func run() async throws {
        guard let daemonImage = try DaemonImageText(image) else { return try await show(image) }
        try await daemonImage.withArchive { try await show("\($0)") }
    }

    private func show(_ image: String) async throws {
        let environment = try BuildEnvironment.current()
        let stored = try await storedImage(at: image, environment)
        switch part {
        case nil: try Output.text(ImageReport(stored).text + "\n")
        case .json: try Output.json(ImageReport(stored).json)
        case .tree: try await printTree(stored, environment)
        case .digest: try Output.text("\(stored.descriptor.digest)\n")
        case .config: try Output.bytes(stored.configurationBytes + Array("\n".utf8))
        case .manifest: try Output.bytes(stored.manifestBytes + Array("\n".utf8))
        }
    }

    private func storedImage(at image: String, _ environment: BuildEnvironment) async throws -> StoredImage {
        guard let reference = try RemoteImage.reference(in: image) else {
            return try await selection.image(at: image, environment)
        }
        if part == .tree { throw OptionConflict.treeOfRemoteImage }
        let platform = try selection.platform.map { try Platform($0) }
        let blobs = LocalBlobs(try cache.store())
        return try await registry.withClient(for: reference.registry) { client in
            let pull = ImagePull(reference, platform: platform, client: client, blobs: blobs)
            return try await BlockingPool.withPool(width: 1) { _ in try await pull.describe() }
        }
    }

    /// One line for each entry of the root file system.
    private func printTree(_ image: StoredImage, _ environment: BuildEnvironment) async throws {
        let directory = environment.temporaryDirectory
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
