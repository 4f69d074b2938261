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
            Builds remember the digest and size of each layer of store paths, so that the next one need not read them. \
            Without the cache builds take longer, and their images are the same: it may be deleted at any time.
            """,
        subcommands: [CacheListCommand.self, CacheCollectionCommand.self, CacheVerificationCommand.self]
    )
}

/// `drydock cache ls`.
struct CacheListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the layers that are remembered, what was used last first."
    )

    @OptionGroup var cache: CacheOption

    @Flag(help: "Print the list as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let store = try cache.store()
        let layers = try await BlockingPool.withPool(width: 1) { _ in store.isPresent ? try store.layers() : [] }
        try Output.warnings(store.warnings)
        let report = CacheReport(directory: store.directory, layers: layers)
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
        abstract: "Forget layers that are not used any more.",
        discussion: """
            Those are the layers that no build has used for a while, and those that have a store path which is no longer \
            there. A damaged cache that was moved aside is removed too.
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

    @Flag(help: "Forget everything.")
    var all = false

    @Flag(help: "Print what was done as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let store = try cache.store()
        let oldest = store.now - olderThan.seconds
        let removal = try await BlockingPool.withPool(width: 1) { _ in
            guard store.isPresent else { return LocalStore.Removal.nothing }
            return try store.removeLayers { layer in all || layer.used <= oldest || !layer.key.isPresent() }
        }
        try Output.warnings(store.warnings)
        let report = CacheCollectionReport(directory: store.directory, removal: removal)
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
