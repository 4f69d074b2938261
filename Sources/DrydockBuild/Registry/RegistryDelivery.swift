// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
import DrydockDigests
import DrydockFiles
public import DrydockOCI
public import DrydockRegistry
public import DrydockStorage

/// Packs a plan's layers and sends what a registry lacks of the image.
///
/// A layer whose tar and compressed form are remembered costs one question if the registry has it: it is neither read nor
/// compressed. One that the registry has in another repository is mounted. Of the others the blob is taken from the local
/// store, or made and kept there. The manifest goes by its digest first, and the tag comes last: it never leads to an
/// image that is not complete.
///
/// The blob of a layer of store paths is not kept as such: it is put together of what each path was compressed to, see
/// ``FragmentPacker``.
struct RegistryDelivery: Sendable {
    private let plan: LayerPlan
    private let template: ImageTemplate
    private let target: PushTarget
    private let packer: LayerPacker

    init(plan: LayerPlan, template: ImageTemplate, target: PushTarget, width: Int, progress: ProgressCounter) {
        self.plan = plan
        self.template = template
        self.target = target
        packer = target.packer(width: width, progress: progress)
    }

    /// Sends the image; its tag is written last.
    func deliver() async throws -> BuiltImage {
        let repository = try await target.client.repository(of: target.reference)
        let sending = BlobPush(repository: repository, store: target.store, transfer: target.transfer)
        do {
            try await greet(repository)
            let crew = PushCrew(width: packer.workers, progress: packer.progress)
            let layers = try await crew.push(plan.layers.map { self.layer($0.content, sending) }, sending)
            let image = template.image(layers: layers)
            let configuration = Descriptor(of: image.configurationBytes, mediaType: .imageConfiguration)
            try await sending.blobs.put(image.configurationBytes, as: configuration)
            try await sending.push(configuration)
            let manifest = RegistryManifest(image.manifestBytes, mediaType: .imageManifest)
            try await repository.publish([manifest], tag: target.reference.tag)
            sending.rememberPlaces(of: [configuration] + layers.map(\.descriptor))
            return image
        } catch let failure as RegistryFailure {
            throw failure.about(target.reference.familiarDescription)
        }
    }

    /// Asks the registry for anything, where otherwise it would hear of the push only when a layer is packed: that nobody is
    /// there, or wants a password, is known before the work.
    private func greet(_ repository: RegistryRepository) async throws {
        guard let tag = target.reference.tag, plan.layers.contains(where: { packer.known($0.content) == nil }) else {
            return
        }
        _ = try await repository.manifestDescriptor(.tag(tag))
    }

    private func layer(_ content: LayerContent, _ sending: BlobPush) -> PushCrew.Layer {
        PushCrew.Layer(size: content.size, known: packer.known(content)) {
            let packed = try await packed(content, sending)
            packer.remember(packed.layer, of: content)
            return packed
        }
    }

    /// Makes the blob of a layer that the registry does not have, or finds it.
    private func packed(_ content: LayerContent, _ sending: BlobPush) async throws -> PushCrew.Packed {
        if let (stored, layer) = packer.kept(content), let source = FileBlob(stored.blob) {
            packer.progress.add(Int(content.size))
            return PushCrew.Packed(layer: layer, source: source)
        }
        if let stitched = try await stitched(content) { return stitched }
        let layer = try await unsafe sending.blobs.keep { try await unsafe packer.pack(content, writing: $0) }
        return PushCrew.Packed(layer: layer, source: sending.blobs)
    }

    /// A layer of store paths, whose blob is put together of what is kept of each path.
    private func stitched(_ content: LayerContent) async throws -> PushCrew.Packed? {
        if packer.compression == .none { return nil }
        if case .stored = content { return nil }
        let recipe = try content.recipe()
        // Without a key no part can be kept.
        guard recipe.isDivided, recipe.key != nil else { return nil }
        if let (known, blob) = try await packer.stitched(content, recipe) {
            packer.progress.add(Int(content.size))
            return PushCrew.Packed(layer: known, source: blob)
        }
        let packed = try await unsafe packer.fragmentPacker.pack(recipe) { _ in }
        try content.verify(packed.layer)
        return packed.blob.map { PushCrew.Packed(layer: packed.layer, source: $0) }
    }
}

/// Where an image is pushed to, and in which form.
public struct PushTarget: Sendable {
    /// Registry, repository and tag.
    public let reference: ImageReference
    /// How the layers are compressed.
    public var compression = CompressionFormat.gzip
    let client: RegistryClient
    let store: LocalStore
    /// Told of every blob.
    public var transfer = TransferProgress()

    /// A reference in a registry.
    ///
    /// - Parameters:
    ///   - reference: A name with a tag; `latest` if it has none.
    ///   - client: Speaks with the registry.
    ///   - store: Keeps what was compressed, and remembers where blobs are.
    public init(_ reference: ImageReference, client: RegistryClient, store: LocalStore) {
        self.reference = reference.withDefaultTag
        self.client = client
        self.store = store
    }

    /// What packs layers for this target.
    func packer(width: Int, progress: ProgressCounter = ProgressCounter()) -> LayerPacker {
        var packer = LayerPacker(compression: compression, workers: width, progress: progress)
        packer.store = store
        return packer
    }
}

extension ImageBuild {
    /// Packs the layers of a plan and sends what the registry lacks of the image.
    ///
    /// - Parameters:
    ///   - plan: The layers.
    ///   - target: The registry, and how the layers are compressed.
    ///   - width: The number of threads, by default that of the processors.
    ///   - progress: Told of every step of packing.
    /// - Returns: The image as the registry has it.
    /// - Throws: ``RegistryFailure``; as ``deliver(_:to:width:progress:)``.
    public func push(
        _ plan: LayerPlan,
        to target: PushTarget,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> BuiltImage {
        do {
            return try await pushOnce(plan, to: target, width: width, progress: progress)
        } catch is RememberedContent.Outdated {
            try await BlockingPool.withPool(width: 1) { [environment] _ in environment.forget(plan) }
            return try await pushOnce(try await self.plan(), to: target, width: width, progress: progress)
        }
    }

    private func pushOnce(
        _ plan: LayerPlan,
        to target: PushTarget,
        width: Int?,
        progress: ProgressCounter
    ) async throws -> BuiltImage {
        let name = target.reference.familiarName + (target.reference.tag.map { ":\($0)" } ?? "")
        let template = try template(for: plan).named(name)
        let width = width ?? BlockingPool.machineWidth
        // Whoever sends must not wait until those who compress have no more to do.
        let threads = width + RegistryClientOptions().requestsPerHost
        return try await BlockingPool.withPool(width: threads) { [environment] _ in
            let delivery = RegistryDelivery(
                plan: plan,
                template: template,
                target: target,
                width: width,
                progress: progress
            )
            let image = try await delivery.deliver()
            environment.remember(plan, image)
            return image
        }
    }
}
