// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockStorage
import Foundation

/// Where store paths come from, and what is remembered of them.
struct StoreOptions: ParsableArguments {
    /// More than the largest graph that is accepted, so that a larger one is refused by whoever knows the limit.
    private static let graphLimit = (256 << 20) + 1

    @Option(
        help: ArgumentHelp(
            "The Nix store, as Nix' option of this name takes it: a root directory, or local?root=DIR.",
            valueName: "store"
        )
    )
    var store: String?

    @Option(
        help: ArgumentHelp(
            """
            The closure, as exportReferencesGraph, 'nix path-info --json --recursive' or closureInfo writes it; then no \
            database is asked.
            """,
            valueName: "file"
        ),
        completion: .file()
    )
    var referencesGraph: String?

    @Flag(help: "Compare every store path with its registered hash before it is packed.")
    var verifyStore = false

    @OptionGroup var cache: CacheOption

    @Flag(help: "Neither use nor keep what was found out before: digests, and results of scripts.")
    var noCache = false

    @OptionGroup var scripts: ScriptOptions

    @Flag(help: "Refuse a 'fromImage' of a registry that names no digest.")
    var locked = false

    /// What a build may know of this machine.
    ///
    /// - Parameters:
    ///   - access: How base images are fetched from registries.
    ///   - fetchesImages: Whether there are any, for which there must be a place.
    ///   - progress: How that is shown.
    /// - Returns: The environment with its clock, its store and its memory.
    /// - Throws: `SystemError` if the graph cannot be read.
    func environment(
        _ access: RegistryAccess,
        fetchesImages: Bool,
        progress: ProgressStyle = .auto
    ) throws -> BuildEnvironment {
        var environment = try BuildEnvironment.current()
        environment.store = StoreSettings(
            uri: store,
            referencesGraph: try referencesGraph.map { try InputFile($0).read(limit: Self.graphLimit) },
            isVerified: verifyStore
        )
        environment.scripts = try scripts.settings(ProcessInfo.processInfo.environment)
        // Without any place for it, a build does without its memory.
        let local = try? cache.store()
        let images = try fetchesImages ? cache.workingStore() : local
        environment.remoteImages = images.map { access.images($0, progress) }
        environment.remoteImages?.isLocked = locked
        if !noCache { environment.memory = LayerMemory(local) }
        return environment
    }
}
