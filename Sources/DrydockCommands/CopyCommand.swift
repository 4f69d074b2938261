// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import DrydockBuild
import DrydockCompression
import DrydockFiles
import DrydockJSON
public import DrydockOCI
import DrydockRegistry
import DrydockStorage
import Foundation

/// `drydock copy`: an image moves from one form or place to another.
struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy an image between archives, image layouts, registries and daemons.",
        discussion: """
            SRC and DEST are docker-archive:PATH[:NAME:TAG], oci:DIR[:TAG], oci-archive:PATH[:TAG], docker://REF, \
            docker-daemon:NAME[:TAG] or a path; DEST may be '-' for standard output. What need not change stays as it \
            is, so that digests are kept; what changes is told on standard error.

            Of an image for several platforms the one for this machine is taken, or the one that --platform names, and \
            what is left out is told. With --all the index goes with all of its images and attestations between \
            registries, image layouts and oci-archives. Between registries blobs pass through without a disk, and \
            are mounted where both are the same.

            --username, --password-stdin and --insecure are for the registry of DEST, and for that of SRC only where DEST \
            is in none. Between two registries, log in at the first with 'drydock login' before; logins of Docker and \
            Podman count, too.

            Examples:
              drydock copy redis.tar oci:images
              drydock copy oci:images:redis:8 docker-archive:redis.tar:redis:8
              drydock copy --all images.tar oci:images --compress zstd
              drydock copy --squash redis.tar oci:flat:redis
              drydock copy --all docker://redis:8 docker://registry.example.com/redis:8
              drydock login one.example.com
              drydock copy docker://one.example.com/a docker://two.example.com/a
            """
    )

    @Argument(help: ArgumentHelp("The image.", valueName: "src"), completion: .file())
    var source: String

    @Argument(help: ArgumentHelp("Where it goes.", valueName: "dest"), completion: .file())
    var destination: String

    @Flag(help: "Copy all images of SRC, each with its names, and indexes with all of their images.")
    var all = false

    @Flag(help: "Make one layer of all, which holds what a container of the image sees.")
    var squash = false

    @OptionGroup var transfer: TransferOptions

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let from = try RemoteImage.reference(in: source)
        let target = try RemoteImage.reference(in: destination)
        let access = try registry.access(for: target?.registry ?? from?.registry)
        if let from { return try await copyRemote(from, to: target, access) }
        guard let daemonImage = try DaemonImageText(source) else {
            return try await copy(try ImageLocation(source), to: target, access)
        }
        try await daemonImage.withArchive { try await copy($0, to: target, access) }
    }

    private func copy(_ location: ImageLocation, to target: ImageReference?, _ access: RegistryAccess) async throws {
        let (all, transfer) = (all, transfer)
        if all, transfer.format == nil, transfer.platform == nil, !squash,
            try await copyGraph(at: location, to: target, access)
        {
            return
        }
        let images = try await BlockingPool.withPool(width: 1) { _ in
            try all ? transfer.images(at: location) : [transfer.image(at: location)]
        }
        try await finish(images, to: target, access)
    }

    /// Copies indexes with all that they list; false if there is nothing but images, or the destination holds nothing else.
    private func copyGraph(
        at location: ImageLocation,
        to target: ImageReference?,
        _ access: RegistryAccess
    ) async throws -> Bool {
        let place = try target == nil ? CopyRun.destination(destination) : nil
        if let place, !place.holdsIndexes { return false }
        let transfer = transfer
        let graph = try await BlockingPool.withPool(width: 1) { _ in try GraphCopyRun.graph(at: location, transfer) }
        guard let graph else { return false }
        let run = GraphCopyRun(graph: graph, transfer: transfer, work: work)
        if let place {
            try await run.finish(to: place, asJSON: json)
        } else if let target {
            try await run.push(to: target, access, try cache.workingStore(), asJSON: json)
        }
        return true
    }

    private func finish(_ images: [StoredImage], to target: ImageReference?, _ access: RegistryAccess) async throws {
        var run = CopyRun(images: images, transfer: transfer, work: work)
        run.squashes = squash
        guard let target else { return try await run.finish(to: destination, asJSON: json) }
        try await run.push(to: target, access, try cache.workingStore(), asJSON: json)
    }

    /// Copies an index of a registry by way of the cache, because something changes or it goes into an archive.
    private func copyWhole(_ copy: RemoteCopyRun, to target: ImageReference?, _ access: RegistryAccess) async throws {
        let place = try target == nil ? CopyRun.destination(destination) : nil
        guard !squash, transfer.format == nil, place?.holdsIndexes != false else {
            throw OptionConflict.wholeIndexChanged
        }
        let graph = try await copy.fetch(access, hasImages: transfer.compress != nil, progress: work.progress)
        let run = GraphCopyRun(graph: graph, transfer: transfer, work: work)
        if let place {
            try await run.finish(to: place, asJSON: json)
        } else if let target {
            try await run.push(to: target, access, copy.store, asJSON: json)
        }
    }

    /// Copies an image of a registry.
    private func copyRemote(
        _ reference: ImageReference,
        to target: ImageReference?,
        _ access: RegistryAccess
    ) async throws {
        let store = try cache.workingStore()
        let isWhole = all && transfer.platform == nil
        let copy = RemoteCopyRun(source: reference, isWhole: isWhole, platform: transfer.platform, store: store)
        if transfer.changesNothing, !squash {
            if let target {
                return try await copy.finish(to: .registry(target), access, progress: work.progress, asJSON: json)
            }
            if isWhole, case let place = try CopyRun.destination(destination), place.transport == .ociLayout {
                let location = try ImageLocation(destination)
                return try await copy.finish(to: .layout(location), access, progress: work.progress, asJSON: json)
            }
        }
        if isWhole { return try await copyWhole(copy, to: target, access) }
        let pulled = try await access.withClient { client in
            let pull = ImagePull(reference, platform: transfer.platform, client: client, blobs: LocalBlobs(store))
            return try await PullRun(pull: pull, progress: work.progress).finish(nil)
        }
        try await finish([pulled.image], to: target, access)
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

    /// Whether images stay as they are.
    var changesNothing: Bool { format == nil && compress == nil }

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
        var copy = self.copy
        if destination.transport != .dockerArchive { copy.compression = transfer.compress }
        let progress = work.progress.display(try copy.work(for: destination), passes: destination.passes)
        let result = try await progress.during {
            try await copy.deliver(to: destination, width: work.jobs, progress: progress.counter)
        }
        try Output.notes(result.changes)
        if json { return try Output.json(.object(["images": .array(result.images.map { ImageReport($0).json })])) }
        let isStream = destination.isStandardOutput
        let reports = result.images.map { ImageReport($0).text }.joined(separator: "\n")
        try Output.text(
            reports + "\n\(destination.daemon == nil ? "written to" : "loaded into") \(destination.title)\n",
            toStandardError: isStream
        )
    }

    /// Copies to a registry, and tells what came out.
    func push(
        to reference: ImageReference,
        _ access: RegistryAccess,
        _ store: LocalStore,
        asJSON json: Bool
    ) async throws {
        var copy = self.copy
        copy.compression = transfer.compress ?? (images.contains(where: \.hasPlainLayersOnly) ? .gzip : nil)
        let result = try await access.withClient { [copy] client in
            let target = PushTarget(reference, client: client, store: store)
            let progress = work.progress.display(try copy.work(for: target), passes: 1)
            return try await progress.during {
                try await copy.push(to: target, width: work.jobs, progress: progress.counter)
            }
        }
        try Output.notes(result.changes)
        if json { return try Output.json(.object(["images": .array(result.images.map { ImageReport($0).json })])) }
        let reports = result.images.map { ImageReport($0).text }.joined(separator: "\n")
        try Output.text(reports + "\npushed to \(reference.withDefaultTag)\n")
    }

    /// What is copied and how, but for the compression, which depends on where it goes.
    private var copy: ImageCopy {
        var copy = ImageCopy(of: images)
        copy.format = transfer.format
        copy.squashes = squashes
        copy.temporaryDirectory = TransferOptions.temporaryDirectory
        return copy
    }

    private func destination(_ text: String) throws -> Destination {
        let destination = try Self.destination(text)
        if destination.transport == .dockerArchive, transfer.format != nil {
            throw OptionConflict.formatOfDockerArchive
        }
        guard let compression = transfer.compress ?? destination.suggestedCompression else { return destination }
        return destination.compressed(compression)
    }

    /// What a text means that is no reference to a registry.
    static func destination(_ text: String) throws -> Destination {
        if let destination = try DaemonImageText(text)?.destination() { return destination }
        let location = try ImageLocation(text)
        if location.looksLikeImageName { throw OptionConflict.imageNameAsOutput(location.path) }
        let destination = Destination(location)
        try destination.refuseUnwrittenCompression()
        return destination
    }
}

extension StoredImage {
    /// Whether it comes from where layers are not compressed and no manifest has a digest to keep, so that in a registry it is
    /// compressed as by anybody else.
    fileprivate var hasPlainLayersOnly: Bool {
        transport == .dockerArchive && manifest.layers.allSatisfy { [.layer, .dockerLayer].contains($0.mediaType) }
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
