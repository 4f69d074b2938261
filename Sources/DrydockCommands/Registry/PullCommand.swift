// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// `drydock pull`: an image from a registry.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch an image from a registry.",
        discussion: """
            REF is a name as Docker has it: redis, redis:7, host:5000/a/b@sha256:…. Of an image for several platforms \
            the one for this machine is taken, or the one that --platform names.

            The image goes into the cache, and from there to DEST: docker-archive:PATH[:NAME:TAG], oci:DIR[:TAG], \
            oci-archive:PATH[:TAG] or '-', a docker-archive on standard output. What the cache has is not fetched again, \
            and what was fetched in part is continued. An archive of the same image has the same bytes on every machine.
            """
    )

    @Argument(help: ArgumentHelp("The image's name.", valueName: "ref"))
    var reference: String

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Where the image is written.", valueName: "dest"),
        completion: .file()
    )
    var output: String?

    @Option(
        help: ArgumentHelp("The platform, for example linux/arm64.", valueName: "platform"),
        transform: { try Platform($0) }
    )
    var platform: Platform?

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    @Option(help: "How progress is shown on standard error.")
    var progress = ProgressStyle.auto

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let reference = try RemoteImage.parse(reference)
        let output = try self.output.map { PullOutput(location: try ImageLocation($0)) }
        if output?.location.isStandardOutput == true {
            if json { throw OptionConflict.jsonOnStandardOutput }
            guard OutputDescriptor.standardOutput.terminalWidth == nil else { throw DeliveryError.terminal }
        }
        try output?.requireRoom()
        // Without an output the cache is where the image goes.
        let store = try output == nil ? cache.store() : cache.workingStore()
        let pulled = try await registry.withClient(for: reference.registry) { client in
            let pull = ImagePull(reference, platform: platform, client: client, blobs: LocalBlobs(store))
            return try await PullRun(pull: pull, progress: progress).finish(output)
        }
        if json { return try Output.json(pulled.json) }
        let place = output.map { $0.location.isStandardOutput ? "standard output" : "\($0.location)" }
        try Output.text(
            pulled.text + (place.map { "\nwritten to \($0)\n" } ?? "\n"),
            toStandardError: output?.location.isStandardOutput == true
        )
    }
}

/// A pull on the threads that may wait for a disk.
struct PullRun {
    let pull: ImagePull
    let progress: ProgressStyle

    /// Fetches the image, and writes it where it is wanted.
    func finish(_ output: PullOutput?) async throws -> PulledImage {
        try await BlockingPool.withPool(width: ImagePull.width) { [pull, progress] _ in
            let resolved = try await pull.resolve()
            let display = TransferDisplay(progress, total: resolved.layerSize)
            let layout = try output?.layout()
            let image = try await display.during {
                guard let layout else { return try await pull.fetch(resolved, progress: display.progress) }
                let name = output?.location.reference
                return try await pull.fetch(resolved, into: layout, as: name, progress: display.progress)
            }
            if layout == nil { try await output?.write(image) }
            var pulled = image
            pulled.siblings = resolved.siblings
            return PulledImage(index: resolved.index?.digest, image: pulled)
        }
    }
}

/// What `pull` tells of an image.
struct PulledImage: Sendable {
    let index: Digest?
    let image: StoredImage

    var text: String { ImageReport(image).text + (index.map { "\n  index     \($0)" } ?? "") }

    var json: JSONValue {
        guard case .object(var members) = ImageReport(image).json else { return .null }
        members["index"] = index.map { .string("\($0)") } ?? .null
        return .object(members)
    }
}

/// A place that a pulled image is written to.
struct PullOutput: Sendable {
    let location: ImageLocation

    /// Requires that the file can be made, before anything is fetched for it.
    func requireRoom() throws {
        guard location.transport != .ociLayout, !location.isStandardOutput else { return }
        try Destination(location).refuseUnwrittenCompression()
        // It has no name yet, and so is gone at once.
        _ = try PendingFile(for: location.path)
    }

    /// The layout that the image goes into; nil if it is something else.
    func layout() throws -> ImageLayout? {
        location.transport == .ociLayout ? try ImageLayout(creating: location.path) : nil
    }

    /// Writes an archive; under its final name it is complete or absent.
    func write(_ image: StoredImage) async throws {
        switch location.transport {
        case .ociLayout, .ociArchive: _ = try await ImageCopy(of: [image]).deliver(to: Destination(location))
        case .dockerArchive, nil: try writeArchive(image)
        }
    }

    private func writeArchive(_ image: StoredImage) throws {
        let archive = PulledArchive(image, references: location.reference.map { [$0] } ?? image.references)
        if location.isStandardOutput { return try archive.stream(to: .standardOutput) }
        let file = try PendingFile(for: location.path)
        try archive.write(to: OutputDescriptor(number: file.number, path: location.path))
        try file.commit()
    }
}
