// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockFiles
import DrydockJSON
import DrydockStorage

/// `drydock cache`: what earlier builds found out.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Show, shrink and check what earlier builds found out.",
        discussion: """
            Builds remember the digest and size of each layer of store paths, so that the next one need not read them, \
            and keep what each store path was compressed to. What was pulled is kept too. Without the cache builds take longer, and their images are the same: it may be deleted at any time.
            """,
        subcommands: [CacheListCommand.self, CacheCollectionCommand.self, CacheVerificationCommand.self]
    )
}

/// `drydock cache ls`.
struct CacheListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the layers that are remembered, what was used last first, and the blobs that are kept."
    )

    @OptionGroup var cache: CacheOption

    @Flag(help: "Print the list as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let store = try cache.store()
        let report = try await BlockingPool.withPool(width: 1) { _ in
            let layers = store.isPresent ? try store.layers() : []
            return CacheReport(directory: store.directory, layers: layers, files: try KeptFiles(store).entries())
        }
        try Output.warnings(store.warnings)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
    }
}

/// `drydock cache gc`.
struct CacheCollectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Forget layers that are not used any more, and remove blobs and what store paths were compressed to.",
        discussion: """
            Those are the layers and files that nothing has used for a while, and layers that have a store path which is no \
            longer there. A damaged cache that was moved aside is removed too.
            """
    )

    @OptionGroup var cache: CacheOption

    @Option(
        help: ArgumentHelp(
            "Forget what was not used for this long: a number and m, h, d or w for minutes, hours, days or weeks.",
            valueName: "duration"
        )
    )
    var olderThan = Age(days: 90)

    @Option(
        help: ArgumentHelp(
            "Then remove blobs and compressed store paths until the rest is no larger: a number and kB, MB, GB or TB.",
            valueName: "size"
        )
    )
    var maxSize: SizeLimit?

    @Flag(help: "Forget and remove everything.")
    var all = false

    @Flag(help: "Print what was done as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let store = try cache.store()
        let oldest = store.now - olderThan.seconds
        let report = try await BlockingPool.withPool(width: 1) { _ in
            let removal =
                store.isPresent
                ? try store.removeLayers { layer in all || layer.used <= oldest || !layer.key.isPresent() } : .nothing
            let files = try KeptFiles(store).removeUnused(since: all ? .max : oldest, limit: maxSize?.bytes)
            return CacheCollectionReport(directory: store.directory, removal: removal, files: files)
        }
        try Output.warnings(store.warnings)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
    }
}

extension Output {
    /// What a person should know of the local store, on standard error.
    static func warnings(_ warnings: [LocalStoreWarning]) throws { try self.warnings(warnings.map(\.description)) }
}
