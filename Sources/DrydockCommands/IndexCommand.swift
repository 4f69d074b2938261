// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// `drydock index`: one image for several platforms, of images for one each.
struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Make one image for several platforms of images for one each.",
        discussion: """
            Each IMAGE is a location as for 'drydock copy'; without a name, all images there are taken, and of an index all \
            of its images with their attestations. DEST is docker://REF, oci:DIR[:TAG] or oci-archive:PATH[:TAG]. The \
            platforms are those of the images' configurations; two images for one platform are an error.

            The index lists images in the order of their platforms: its bytes do not depend on the order in which they \
            are named. Images stay as they are, unless --compress is given. Of images that are in the registry \
            already, no layer is read.

            Examples:
              drydock index amd64.tar arm64.tar -o docker://registry.example.com/app:1.0
              drydock index docker://example.com/app:amd64 docker://example.com/app:arm64 -o docker://example.com/app:1
              drydock index oci:images -o oci-archive:app.tar:1.0
            """
    )

    @Argument(help: ArgumentHelp("The images.", valueName: "image"), completion: .file())
    var sources: [String]

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("Where the index goes.", valueName: "dest"),
        completion: .file()
    )
    var output: String

    @Option(help: "Compression of the layers (default: as it is).")
    var compress: CompressionFormat?

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    @OptionGroup var work: WorkOptions

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let target = try RemoteImage.reference(in: output)
        let place = try target == nil ? CopyRun.destination(output) : nil
        if let place {
            guard place.holdsIndexes else { throw OptionConflict.indexInDockerArchive }
            if place.isStandardOutput, json { throw OptionConflict.jsonOnStandardOutput }
        }
        let first = try sources.lazy.compactMap { try RemoteImage.reference(in: $0) }.first
        let access = try registry.access(for: target?.registry ?? first?.registry)
        let run = IndexRun(access: access, store: try cache.workingStore(), work: work, compression: compress)
        let result = try await run.finish(sources, to: place, target)
        try Output.notes(result.changes)
        if json { return try Output.json(GraphReport(result).json) }
        let end = target.map { "pushed to \($0.withDefaultTag)" } ?? "written to \(place?.title ?? output)"
        try Output.text(GraphReport(result).text + end + "\n", toStandardError: place?.isStandardOutput == true)
    }
}

/// Images of several sources on their way into one index.
private struct IndexRun {
    let access: RegistryAccess
    let store: LocalStore
    let work: WorkOptions
    let compression: CompressionFormat?

    func finish(
        _ sources: [String],
        to place: Destination?,
        _ target: ImageReference?
    ) async throws -> GraphCopy.Result {
        try await access.withClient { [self] client in
            let target = target.map { PushTarget($0, client: client, store: store) }
            return try await withParts(of: sources[...], client, target, []) { parts in
                let index = try IndexAssembly(of: parts, compression: compression)
                let progress = work.progress.display(index.work, passes: place?.passes ?? 1)
                return try await progress.during {
                    if let target {
                        return try await index.push(to: target, width: work.jobs, progress: progress.counter)
                    }
                    guard let place else { preconditionFailure("An index goes somewhere") }
                    return try await index.deliver(to: place, width: work.jobs, progress: progress.counter)
                }
            }
        }
    }

    /// Calls `body` with what all sources give; an image of a daemon is in a file that lasts as long.
    private func withParts(
        of sources: ArraySlice<String>,
        _ client: RegistryClient,
        _ target: PushTarget?,
        _ parts: [IndexPart],
        _ body: ([IndexPart]) async throws -> GraphCopy.Result
    ) async throws -> GraphCopy.Result {
        guard let source = sources.first else { return try await body(parts) }
        let rest = sources.dropFirst()
        if let daemonImage = try DaemonImageText(source) {
            return try await daemonImage.withArchive { location in
                let part = try await local(location, source)
                return try await withParts(of: rest, client, target, parts + [part], body)
            }
        }
        let part =
            if let reference = try RemoteImage.reference(in: source) {
                try await remote(reference, source, client, target)
            } else {
                try await local(try ImageLocation(source), source)
            }
        return try await withParts(of: rest, client, target, parts + [part], body)
    }

    private func local(_ location: ImageLocation, _ source: String) async throws -> IndexPart {
        try await BlockingPool.withPool(width: 1) { _ in
            let temporaryDirectory = TransferOptions.temporaryDirectory
            let graph = try StoredGraph(at: location, hasImages: true, temporaryDirectory: temporaryDirectory)
            if let graph { return try IndexPart(graph, source: source) }
            return IndexPart(try StoredImage.all(at: location, temporaryDirectory: temporaryDirectory), source: source)
        }
    }

    /// Images of a registry; they are fetched unless they go to a registry as they are.
    private func remote(
        _ reference: ImageReference,
        _ source: String,
        _ client: RegistryClient,
        _ target: PushTarget?
    ) async throws -> IndexPart {
        try await BlockingPool.withPool { [self] _ in
            var copy = RemoteCopy(reference, client: client, store: store)
            copy.isWhole = true
            let graph = try await copy.resolve()
            if let target, compression == nil { return try await copy.part(of: graph, for: target, source: source) }
            let display = TransferDisplay(work.progress, total: graph.size)
            copy.transfer = display.progress
            return try await display.during { [copy] in
                try IndexPart(try await copy.fetch(graph, hasImages: true), source: source)
            }
        }
    }
}
