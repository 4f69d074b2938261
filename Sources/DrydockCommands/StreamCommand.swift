// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockCompression
import DrydockStorage

/// `drydock stream`: a spec becomes a docker-archive on standard output.
struct StreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Write an image as docker-archive to standard output.",
        discussion: """
            The same bytes as 'drydock build SPEC -o -'. Layers whose digests are remembered are read once, others twice: \
            a digest comes before its layer.

            Example:
              drydock stream redis.yaml | docker load
            """
    )

    @OptionGroup var spec: SpecOptions

    @Option(
        name: [.customLong("repo-tag"), .customShort("t")],
        help: ArgumentHelp("Another name for the image.", valueName: "name:tag")
    )
    var repoTag: String?

    @Option(help: "Compression of the archive as a whole (default: none). Overrides the spec's 'compressor'.")
    var compress: CompressionFormat?

    @OptionGroup var store: StoreOptions

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var work: WorkOptions

    func run() async throws {
        let spec = try spec.load()
        let access = try registry.access(for: spec.baseRegistry)
        let build = ImageBuild(
            spec: spec,
            environment: try store.environment(access, fetchesImages: spec.baseRegistry != nil, progress: work.progress)
        )
        let location = try ImageLocation(transport: .dockerArchive, path: "-", reference: repoTag)
        let compression = compress ?? build.spec.compressor.map(CompressionFormat.init) ?? .none
        try await BuildRun(build: build, destination: Destination(location).compressed(compression), work: work)
            .finish(asJSON: false)
    }
}
