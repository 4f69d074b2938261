// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
public import DrydockOCI
public import DrydockRegistry
public import DrydockStorage
import Synchronization

/// Gets base images, and what previous images say, from registries into the local store, from where they are read like any image on disk.
///
/// What a reference without a digest means is found out once: however often a build is planned, it is on the same image.
public struct RemoteImages: Sendable {
    /// Shows how far a transfer of so many bytes is while it runs.
    public typealias Watch =
        @Sendable (Int64, @Sendable (TransferProgress) async throws -> StoredImage) async throws -> StoredImage

    /// How a spec's text begins that names an image in a registry.
    static let prefix = ImageReference.locationPrefix

    /// Who asks.
    public var credentials: any CredentialSource
    /// How registries are reached.
    public var settings: any RegistrySettingsSource
    /// Where blobs are kept.
    public var blobs: LocalBlobs
    /// Retries and limits.
    public var options = RegistryClientOptions()
    /// The registry of references that name none.
    public var defaultRegistry = ImageReference.defaultRegistry
    /// Whether references without a digest are refused.
    public var isLocked = false
    /// Shows how far each transfer is.
    public var watch: Watch = { _, fetch in try await fetch(TransferProgress()) }
    private let meanings = Meanings()

    /// Images of all registries, kept in a store.
    public init(credentials: any CredentialSource, settings: any RegistrySettingsSource, blobs: LocalBlobs) {
        self.credentials = credentials
        self.settings = settings
        self.blobs = blobs
    }

    /// An image, and what its reference means if that is more than was written.
    struct Found: Sendable {
        let image: StoredImage
        /// The text with the digest; nil if it had one.
        let pinned: String?
    }

    /// The image that a text such as `docker://redis:7` names, fetched as far as the store lacks it.
    ///
    /// - Throws: ``BaseImageFailure/notLocked(_:pinned:)``; ``RegistryFailure``; what the local store throws.
    func image(_ text: String, platform: Platform?) async throws -> Found {
        try await find(text, platform) { pull, resolved in
            try await watch(resolved.layerSize) { try await pull.fetch(resolved, progress: $0) }
        }
    }

    /// An image that can be read, fetched as far as the store lacks it.
    ///
    /// - Parameters:
    ///   - text: The image, such as `docker://redis:7`.
    ///   - platform: Which one of an index; nil for this machine's.
    /// - Returns: The image in the store.
    /// - Throws: ``RegistryFailure``; what the local store throws.
    public func fetched(_ text: String, platform: Platform?) async throws -> StoredImage {
        try await image(text, platform: platform).image
    }

    /// What manifest and configuration of an image say, without its layers; nil if the registry has no such image.
    ///
    /// - Throws: As ``image(_:platform:)``.
    func description(of text: String, platform: Platform?) async throws -> Found? {
        do {
            return try await find(text, platform) { pull, resolved in try pull.describe(resolved) }
        } catch let failure as RegistryFailure where failure.status == 404 {
            return nil
        }
    }

    private func find(
        _ text: String,
        _ platform: Platform?,
        _ get: @Sendable (ImagePull, ResolvedImage) async throws -> StoredImage
    ) async throws -> Found {
        let reference = try ImageReference(String(text.dropFirst(Self.prefix.count)), defaultRegistry: defaultRegistry)
        let key = Meanings.Key(reference: reference, platform: platform)
        return try await RegistryClient.withClient(credentials: credentials, settings: settings, options: options) {
            client in
            let wanted = meanings[key] ?? reference
            let pull = ImagePull(wanted, platform: platform, client: client, blobs: blobs)
            let resolved = try await pull.resolve()
            let meaning = reference.pinned(to: (resolved.index ?? resolved.manifest).digest)
            let pinned = Self.prefix + meaning.familiarDescription
            if isLocked, reference.digest == nil { throw BaseImageFailure.notLocked(text, pinned: pinned) }
            meanings[key] = meaning
            return Found(image: try await get(pull, resolved), pinned: reference.digest == nil ? pinned : nil)
        }
    }
}

/// What references have turned out to mean.
private final class Meanings: Sendable {
    struct Key: Hashable {
        let reference: ImageReference
        let platform: Platform?
    }

    private let known = Mutex<[Key: ImageReference]>([:])

    subscript(key: Key) -> ImageReference? {
        get { known.withLock { $0[key] } }
        set { known.withLock { $0[key] = newValue } }
    }
}
