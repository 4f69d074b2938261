// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockOCI
import DrydockStorage

/// Where images that are read as a whole come from: files, registries, the local daemon.
struct ImageSourceOptions: ParsableArguments {
    @OptionGroup var selection: PlatformOption

    @OptionGroup var registry: RegistryOptions

    @OptionGroup var cache: CacheOption

    /// What can be read with these options.
    ///
    /// - Parameter texts: All images of the command as they were written.
    /// - Returns: What reads them.
    /// - Throws: As ``RegistryOptions/images(named:keptIn:)``.
    func source(for texts: String...) throws -> ImageSource {
        ImageSource(
            selection: selection,
            environment: try BuildEnvironment.current(),
            remote: try registry.images(named: texts, keptIn: cache)
        )
    }
}

extension RegistryOptions {
    /// Fetches images of registries; nil where no text names one.
    ///
    /// Reads the password from standard input, if it was announced: call it once.
    ///
    /// - Parameters:
    ///   - texts: All images of the command as they were written; these options are for the registry of the first in one.
    ///   - cache: Where the images are kept.
    /// - Returns: What fetches them.
    /// - Throws: ``OptionConflict/noRegistry``; ``CacheLocation/Missing``; `SystemError` if the password cannot be read.
    func images(named texts: [String], keptIn cache: CacheOption) throws -> RemoteImages? {
        guard let reference = try texts.lazy.compactMap(RemoteImage.reference).first else {
            if username != nil || insecure { throw OptionConflict.noRegistry }
            return nil
        }
        return try access(for: reference.registry).images(cache.workingStore(), .auto)
    }
}

/// Reads images wherever they are.
struct ImageSource {
    let selection: PlatformOption
    let environment: BuildEnvironment
    /// Fetches images of registries; nil where none was named.
    let remote: RemoteImages?

    /// Calls `body` with an image that can be read: of a registry it is fetched into the cache, as far as that lacks it;
    /// what a daemon gives lasts as long as the call.
    func withImage<Result: Sendable>(
        at text: String,
        _ body: (StoredImage) async throws -> Result
    ) async throws -> Result {
        if let daemonImage = try DaemonImageText(text) {
            return try await daemonImage.withArchive { location in
                try await body(selection.image(at: "\(location)", environment))
            }
        }
        let platform = try selection.platform.map { try Platform($0) }
        if let image = try await remote?.image(at: text, platform) { return try await body(image) }
        return try await body(selection.image(at: text, environment))
    }
}

extension RemoteImages {
    /// An image of a registry, fetched into the cache; nil for a location of another kind.
    func image(at text: String, _ platform: Platform?) async throws -> StoredImage? {
        guard try RemoteImage.reference(in: text) != nil else { return nil }
        return try await fetched(text, platform: platform)
    }
}
