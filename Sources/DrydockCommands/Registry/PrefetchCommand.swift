// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockStorage

/// `drydock prefetch`: what must be written down to get the same image again.
struct PrefetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefetch",
        abstract: "Print the pinned form of an image's name: digests, and the hash of its archive.",
        discussion: """
            The attributes are those that dockerTools.pullImage takes. The hash is that of the archive which 'drydock \
            pull' writes, the same on every machine.
            """
    )

    @Argument(help: ArgumentHelp("The image's name.", valueName: "ref"))
    var reference: String

    @Option(
        help: ArgumentHelp("The platform, for example linux/arm64.", valueName: "platform"),
        transform: { try Platform($0) }
    )
    var platform: Platform?

    @Option(help: ArgumentHelp("The image's name in the archive (default: as it was written).", valueName: "name"))
    var finalName: String?

    @Option(help: ArgumentHelp("The image's tag in the archive (default: as it was written).", valueName: "tag"))
    var finalTag: String?

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    @Option(help: "How progress is shown on standard error.")
    var progress = ProgressStyle.auto

    @Flag(help: "Print a JSON object instead of Nix attributes.")
    var json = false

    func run() async throws {
        let reference = try RemoteImage.parse(reference)
        let name = finalName ?? reference.familiarName
        let tag = finalTag ?? reference.tag ?? "latest"
        let store = try cache.workingStore()
        let pulled = try await registry.withClient(for: reference.registry) { client in
            let pull = ImagePull(reference, platform: platform, client: client, blobs: LocalBlobs(store))
            return try await PullRun(pull: pull, progress: progress).finish(nil)
        }
        let directory = store.directory
        let hash = try await BlockingPool.withPool(width: 1) { _ in
            try PulledArchive(pulled.image, references: ["\(name):\(tag)"]).digest(temporaryDirectory: directory)
        }
        let pin = PinnedImage(source: reference, name: name, tag: tag, hash: hash, pulled: pulled)
        if json { try Output.json(pin.json) } else { try Output.text(pin.nix) }
    }
}

/// What `prefetch` prints.
struct PinnedImage {
    let source: ImageReference
    let name: String
    let tag: String
    let hash: Digest
    let pulled: PulledImage

    private var platform: Platform { pulled.image.platform }
    private var integrity: String { "sha256-" + Base64.encode(hash.bytes) }

    var json: JSONValue {
        .object([
            "imageName": .string(source.familiarName),
            "imageDigest": .string("\(pulled.image.descriptor.digest)"),
            "indexDigest": pulled.index.map { .string("\($0)") } ?? .null,
            "imageID": .string("\(pulled.image.imageID)"),
            "hash": .string(integrity),
            "finalImageName": .string(name),
            "finalImageTag": .string(tag),
            "os": .string(platform.os),
            "arch": .string(platform.architecture),
        ])
    }

    /// An attribute set as `dockerTools.pullImage` takes it.
    var nix: String {
        let attributes = [
            ("imageName", source.familiarName), ("imageDigest", "\(pulled.image.descriptor.digest)"),
            ("hash", integrity), ("finalImageName", name), ("finalImageTag", tag), ("os", platform.os),
            ("arch", platform.architecture),
        ]
        let index = pulled.index.map { "  # of the index \($0)\n" } ?? ""
        return "{\n" + index + attributes.map { "  \($0.0) = \"\($0.1)\";\n" }.joined() + "}\n"
    }
}
