// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
import DrydockJSON
public import DrydockOCI
import DrydockStorage

/// The way from a spec to an image: what is written → contents → layer plan → layers → image → destination.
///
///     let build = ImageBuild(spec: spec, environment: environment)
///     let plan = try build.plan()
///     let image = try await build.deliver(plan, to: .archive(path: "redis.tar"))
public struct ImageBuild: Sendable {
    /// What is built.
    public let spec: ImageSpec
    /// What the build may know of this machine.
    public let environment: BuildEnvironment
    /// The specs that are built on this one.
    private let ancestors: [String]

    /// A build of a spec.
    public init(spec: ImageSpec, environment: BuildEnvironment) {
        self.init(spec: spec, environment: environment, ancestors: [])
    }

    init(spec: ImageSpec, environment: BuildEnvironment, ancestors: [String]) {
        self.spec = spec
        self.environment = environment
        self.ancestors = ancestors
    }

    /// The platform of the image, if it does not follow from a base image.
    public var platform: Platform { environment.platform(of: spec) }

    /// Decides which layers the image will have; reads metadata, and the headers of executables and archives.
    ///
    /// - Throws: The errors of `DrydockPackages`, each with the path that it failed on; ``ContentsConflict`` when two
    ///   inputs do not go together.
    public func plan() async throws -> LayerPlan { try await plan(environment) }

    /// The plan as it follows from the references graph of ``BuildEnvironment/store`` alone: no store path is opened.
    ///
    /// Layers of store paths have the size of their NARs, and links to packages are left out. It cannot be delivered.
    ///
    /// - Throws: As ``plan()``.
    public func outline() async throws -> LayerPlan {
        var environment = environment
        environment.store.isOpened = false
        return try await plan(environment)
    }

    private func plan(_ environment: BuildEnvironment) async throws -> LayerPlan {
        try await BlockingPool.withPool { _ in try await planOnPool(environment) }
    }

    /// The plan; the caller runs on a pool for work that blocks.
    func planOnPool(_ environment: BuildEnvironment) async throws -> LayerPlan {
        let resolver = BaseImageResolver(spec: spec, environment: environment, ancestors: ancestors)
        let base: BaseImage?
        do { base = try await resolver.resolve() } catch {
            guard error is ImageStorageFailure || error is SystemError else { throw error }
            throw try ContentsResolver(spec: spec, environment: environment).failure(besides: error)
        }
        var environment = environment
        if spec.architecture == nil, let base { environment.platform = base.configuration.platform }
        var foundation: Foundation?
        if let base { foundation = try await self.foundation(base) }
        let previous = try await PreviousLayers(of: spec, environment)
        let contents = try ContentsResolver(spec: spec, environment: environment)
            .resolve(on: foundation, after: previous)
        var plan = try await contents.plan(maxLayers: spec.maxLayers, squash: spec.squash)
        plan.platform = environment.platform(of: spec)
        plan.notes += previous.notes
        return plan
    }

    /// The base image with as much of its content as the spec makes necessary.
    private func foundation(_ base: BaseImage) async throws -> Foundation {
        let isAlone =
            spec.contents.isEmpty && spec.copyToRoot.isEmpty && spec.files.isEmpty && spec.scripts.isEmpty
            && !spec.squash
        let mentionsStore = String(decoding: CanonicalJSON.encode(spec.config), as: UTF8.self).contains("/store/")
        return Foundation(base: base, entries: isAlone && !mentionsStore ? [] : try await base.tree())
    }

    /// Packs the layers of a plan into a destination and completes the image there.
    ///
    /// - Parameters:
    ///   - plan: The layers.
    ///   - destination: Where the image goes; under its final name it is complete or absent.
    ///   - width: The number of threads, by default that of the processors; the bytes do not depend on it.
    ///   - progress: Told of every step.
    /// - Returns: The image with its digests.
    /// - Throws: `SystemError`, `TreeError`, ``DeliveryError``, `CancellationError`.
    public func deliver(
        _ plan: LayerPlan,
        to destination: Destination,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> BuiltImage {
        do {
            return try await deliverOnce(plan, to: destination, width: width, progress: progress)
        } catch let failure as RememberedContent.Outdated {
            try await BlockingPool.withPool(width: 1) { [environment] _ in environment.forget(plan) }
            if destination.isStandardOutput { throw failure }
            // Nothing has the final name yet: what is remembered costs time, but never a wrong image.
            let plan = try await self.plan()
            return try await deliverOnce(plan, to: destination, width: width, progress: progress)
        }
    }

    private func deliverOnce(
        _ plan: LayerPlan,
        to destination: Destination,
        width: Int?,
        progress: ProgressCounter
    ) async throws -> BuiltImage {
        var template = try template(for: plan)
        if destination.transport == .dockerArchive {
            template = try template.named(destination.reference)
            template.hasManifest = false
        }
        let modificationTime = try environment.instant(of: spec.mtime).seconds
        return try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) {
            [environment, template] pool in
            let isDocker = destination.transport == .dockerArchive
            // An archive is laid out by the sizes of tars, and a derived tag follows from them.
            if isDocker || template.tag == nil { try await plan.measureStoredTars() }
            let packer = LayerPacker(
                compression: isDocker ? .none : destination.layerCompression,
                keepsBlobs: !isDocker,
                workers: pool.width,
                progress: progress,
                store: environment.memory.usableStore
            )
            let payload = PlannedPayload(
                plan: plan,
                template: template,
                packer: packer
            )
            let delivery = Delivery(
                payload: payload,
                modificationTime: modificationTime,
                width: pool.width,
                progress: progress
            )
            guard let image = try await delivery.deliver(to: destination).first else {
                preconditionFailure("A build delivers one image")
            }
            environment.remember(plan, image)
            if packer.compression != .none {
                for (layer, packed) in zip(plan.layers, image.layers) { packer.remember(packed, of: layer.content) }
            }
            return image
        }
    }

    func template(for plan: LayerPlan) throws -> ImageTemplate {
        let created = try environment.instant(of: spec.created).rfc3339
        let configuration = configuration(for: plan, created: created)
        return ImageTemplate(
            name: spec.name,
            tag: spec.tag,
            configuration: configuration,
            annotations: spec.annotations,
            history: history(of: plan, created: created),
            layerAnnotations: plan.layers.map { StorePathAnnotation.annotations(for: $0.storePaths) }
        )
    }

    private func configuration(for plan: LayerPlan, created: String) -> ImageConfiguration {
        var config = spec.config
        var configuration = ImageConfiguration(platform: plan.platform)
        if let base = plan.base {
            config = config.inheriting(
                from: base.config ?? ContainerConfiguration(),
                spec.inherit,
                unset: spec.unsetConfig
            )
            if spec.inherit == .dockerfile { configuration = base.inherited(by: config, created: created) }
        }
        configuration.os = plan.platform.os
        configuration.architecture = plan.platform.architecture
        configuration.variant = plan.platform.variant
        configuration.created = created
        configuration.config = config
        return configuration
    }

    /// The steps of the base image, and one for each layer on top of it.
    private func history(of plan: LayerPlan, created: String) -> [ImageConfiguration.HistoryEntry] {
        let steps = plan.layers.dropFirst(plan.baseLayerCount).map { layer in
            var entry = ImageConfiguration.HistoryEntry(createdBy: layer.createdBy)
            entry.created = created
            if !layer.storePaths.isEmpty { entry.comment = PreviousLayers.comment(layer.storePaths) }
            return entry
        }
        guard let base = plan.base else { return steps }
        let known = base.history ?? []
        if spec.squash { return known.map(\.withoutLayer) + steps }
        guard steps.isEmpty else { return known + steps }
        var entry = ImageConfiguration.HistoryEntry(createdBy: "drydock: config")
        entry.created = created
        return known + [entry.withoutLayer]
    }
}
