// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockFiles
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

    /// A build of a spec.
    public init(spec: ImageSpec, environment: BuildEnvironment) {
        self.spec = spec
        self.environment = environment
    }

    /// The platform of the image.
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
        try await BlockingPool.withPool(width: 1) { _ in
            try ContentsResolver(spec: spec, environment: environment).resolve().plan(maxLayers: spec.maxLayers)
        }
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
        let template = try template(for: plan)
        let modificationTime = try environment.instant(of: spec.mtime).seconds
        return try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { [environment] pool in
            let isDocker = destination.transport == .dockerArchive
            let payload = PlannedPayload(
                plan: plan,
                template: isDocker ? try template.named(destination.reference) : template,
                packer: LayerPacker(
                    compression: isDocker ? .none : destination.layerCompression,
                    workers: pool.width,
                    progress: progress
                )
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
            return image
        }
    }

    private func template(for plan: LayerPlan) throws -> ImageTemplate {
        var configuration = ImageConfiguration(platform: platform)
        configuration.created = try environment.instant(of: spec.created).rfc3339
        configuration.config = spec.config
        return ImageTemplate(
            name: spec.name,
            tag: spec.tag,
            configuration: configuration,
            annotations: spec.annotations,
            history: plan.layers.map { layer in
                var entry = ImageConfiguration.HistoryEntry(createdBy: layer.createdBy)
                entry.created = configuration.created
                if !layer.storePaths.isEmpty { entry.comment = PreviousLayers.comment(layer.storePaths) }
                return entry
            }
        )
    }
}
