// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import DrydockBuild
import DrydockCompression
import DrydockFiles
import DrydockJSON
public import DrydockOCI
import DrydockStorage
import Foundation

/// `drydock copy`: an image moves from one form or place to another.
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy an image between archives and image layouts.",
        discussion: """
            SRC and DEST are docker-archive:PATH[:NAME:TAG], oci:DIR[:TAG], oci-archive:PATH[:TAG], \
            docker-daemon:NAME[:TAG] or a path; DEST may be '-' for standard output. What need not change stays as it \
            is, so that digests are kept; what changes is told on standard error.

            Examples:
              drydock copy redis.tar oci:images
              drydock copy oci:images:redis docker-archive:redis.tar:redis:8
              drydock copy --all images.tar oci:images --compress zstd
              drydock copy --squash redis.tar oci:flat:redis
            """
    )

    @Argument(help: ArgumentHelp("The image.", valueName: "src"), completion: .file())
    var source: String

    @Argument(help: ArgumentHelp("Where it goes.", valueName: "dest"), completion: .file())
    var destination: String

    @Flag(help: "Copy all images of SRC, each with its names.")
    var all = false

    @Flag(help: "Make one layer of all, which holds what a container of the image sees.")
    var squash = false

    @OptionGroup var transfer: TransferOptions

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        guard let daemonImage = try DaemonImageText(source) else { return try await copy(try ImageLocation(source)) }
        try await daemonImage.withArchive { try await copy($0) }
    }

    private func copy(_ location: ImageLocation) async throws {
        let (all, transfer) = (all, transfer)
        let images = try await BlockingPool.withPool(width: 1) { _ in
            try all ? transfer.images(at: location) : [transfer.image(at: location)]
        }
        var run = CopyRun(images: images, transfer: transfer, work: work)
        run.squashes = squash
        try await run.finish(to: destination, asJSON: json)
    }
}

/// What `copy` and `merge` may change of images.
struct TransferOptions: ParsableArguments {
    @Option(help: "The form of the manifests in a layout (default: as it is).")
    var format: ImageCopy.Format?

    @Option(
        help: """
            Compression: of a docker-archive as a whole (default: what the file's suffix says, else none), or of the \
            layers of an image layout (default: as it is).
            """
    )
    var compress: CompressionFormat?

    @Option(
        help: ArgumentHelp(
            "Which of several images of one name is taken, as os/architecture[/variant].",
            valueName: "platform"
        )
    )
    var platform: Platform?

    /// The image at a location.
    func image(at location: ImageLocation) throws -> StoredImage {
        try StoredImage(at: location, platform: platform, temporaryDirectory: Self.temporaryDirectory)
    }

    /// All images at a location.
    func images(at location: ImageLocation) throws -> [StoredImage] {
        try StoredImage.all(at: location, platform: platform, temporaryDirectory: Self.temporaryDirectory)
    }

    static var temporaryDirectory: String {
        ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }
}

/// Images on their way, from what is read to what is reported.
struct CopyRun {
    let images: [StoredImage]
    let transfer: TransferOptions
    let work: WorkOptions
    var squashes = false

    /// Copies, and tells what came out.
    func finish(to text: String, asJSON json: Bool) async throws {
        let destination = try destination(text)
        if destination.isStandardOutput, json { throw OptionConflict.jsonOnStandardOutput }
        var copy = ImageCopy(of: images)
        copy.format = transfer.format
        copy.squashes = squashes
        copy.temporaryDirectory = TransferOptions.temporaryDirectory
        if destination.transport != .dockerArchive { copy.compression = transfer.compress }
        let progress = work.progress.display(try copy.work(for: destination), passes: destination.passes)
        let result = try await progress.during {
            try await copy.deliver(to: destination, width: work.jobs, progress: progress.counter)
        }
        for change in result.changes { try Output.text("note: \(change)\n", toStandardError: true) }
        if json { return try Output.json(.object(["images": .array(result.images.map { ImageReport($0).json })])) }
        let isStream = destination.isStandardOutput
        let reports = result.images.map { ImageReport($0).text }.joined(separator: "\n")
        try Output.text(
            reports + "\n\(destination.daemon == nil ? "written to" : "loaded into") \(destination.title)\n",
            toStandardError: isStream
        )
    }

    private func destination(_ text: String) throws -> Destination {
        let destination = try DaemonImageText(text)?.destination() ?? Destination(try ImageLocation(text))
        if destination.transport == .dockerArchive, transfer.format != nil {
            throw OptionConflict.formatOfDockerArchive
        }
        guard let compression = transfer.compress ?? destination.suggestedCompression else { return destination }
        return destination.compressed(compression)
    }
}

extension ImageCopy.Format: ExpressibleByArgument {}

extension Platform: ExpressibleByArgument {
    /// Parses `os/architecture[/variant]`.
    public init?(argument: String) {
        guard let platform = try? Platform(argument) else { return nil }
        self = platform
    }
}
