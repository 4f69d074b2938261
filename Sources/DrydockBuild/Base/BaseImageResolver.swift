// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockOCI
import DrydockStorage

/// Finds the image that a spec is built on.
struct BaseImageResolver: Sendable {
    /// The most specs on top of each other; each makes at least one layer.
    private static let depthLimit = 32
    private static let specSuffixes = [".yaml", ".yml", ".json"]

    let spec: ImageSpec
    let environment: BuildEnvironment
    /// The paths of the specs that are built on this one, this one's own included.
    let ancestors: [String]

    /// The base image; nil if the spec has none.
    ///
    /// - Throws: ``ImageStorageFailure``; ``SpecError``; ``BaseImageFailure``; what the plan of another spec throws.
    func resolve() async throws -> BaseImage? {
        guard let source = spec.fromImage else { return nil }
        if Self.specSuffixes.contains(where: source.hasSuffix), !source.contains(":") {
            return try await planned(source)
        }
        if source.hasPrefix(RemoteImages.prefix) { return try await remote(source) }
        return try base(source, StoredImageSelection(spec: spec, location: location(source)).image(environment))
    }

    // MARK: Images in registries

    private func remote(_ source: String) async throws -> BaseImage {
        guard spec.fromImageName == nil, spec.fromImageTag == nil else { throw BaseImageFailure.namedTwice(source) }
        guard let images = environment.remoteImages else { throw BaseImageFailure.noStore(source) }
        let platform = spec.architecture.map { Platform(os: spec.os, architecture: $0, variant: spec.variant) }
        let found = try await images.image(source, platform: platform)
        var base = try base(source, found.image)
        if let pinned = found.pinned {
            base.notes.append("fromImage is \(pinned)")
        }
        return base
    }

    // MARK: Stored images

    private func base(_ source: String, _ image: StoredImage) throws -> BaseImage {
        let label = "fromImage \(source)"
        let stored = try StoredLayers.of(
            image,
            temporaryDirectory: environment.temporaryDirectory,
            lists: environment.memory.fragments
        )
        var base = BaseImage(
            label: label,
            layers: stored.enumerated().map { number, layer in
                LayerPlan.Layer(
                    kind: .base,
                    paths: [source],
                    createdBy: image.layers[number].createdBy ?? "",
                    content: .stored(layer)
                )
            },
            configuration: image.configuration.withCompleteHistory(layerCount: stored.count)
        )
        if let triggers = image.configuration.config?.onBuild, !triggers.isEmpty, spec.inherit == .dockerfile {
            base.warnings.append("the ONBUILD instructions of the base image '\(source)' are not run")
        }
        return base
    }

    /// The location with a path that does not depend on the working directory.
    private func location(_ source: String) throws -> ImageLocation {
        let location = try ImageLocation(source)
        guard let transport = location.transport else { return try ImageLocation(spec.resolve(source)) }
        let path = spec.resolve(location.path)
        return try ImageLocation(transport: transport, path: path, reference: location.reference)
    }

    // MARK: Other specs

    private func planned(_ source: String) async throws -> BaseImage {
        let path = environment.absolute(spec.resolve(source))
        let identity = try realPath(path)
        guard !ancestors.contains(identity) else { throw BaseImageFailure.cycle(source) }
        guard ancestors.count < Self.depthLimit else { throw BaseImageFailure.tooDeep(limit: Self.depthLimit) }
        var lower = try decode(path)
        // What a spec does not say follows from the one that is built on it.
        if lower.architecture == nil { (lower.architecture, lower.variant) = (spec.architecture, spec.variant) }
        let build = ImageBuild(spec: lower, environment: environment, ancestors: ancestors + [identity])
        let plan = try await build.planOnPool(environment)
        if let architecture = spec.architecture {
            let wanted = Platform(os: spec.os, architecture: architecture, variant: spec.variant)
            guard plan.platform.satisfies(wanted) else {
                throw BaseImageFailure.platform(source, wanted: wanted, actual: plan.platform)
            }
        }
        let template = try build.template(for: plan)
        var configuration = template.configuration
        configuration.history = template.history
        return BaseImage(
            label: "fromImage \(source)",
            layers: plan.layers,
            configuration: configuration.withCompleteHistory(layerCount: plan.layers.count),
            warnings: plan.warnings,
            notes: plan.notes
        )
    }

    private func decode(_ path: String) throws -> ImageSpec {
        let bytes = try HostFile.read(path, limit: SpecSource.sizeLimit + 1)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return try ImageSpec.decode(bytes, file: path, directory: folder.isEmpty ? "/" : folder)
    }

    private func realPath(_ path: String) throws -> String {
        // Links and `..` must not make one file look like two.
        try FileStatus(of: path).identity.description
    }
}

extension FileStatus.Identity {
    /// The two numbers as a text.
    fileprivate var description: String { "\(device):\(inode)" }
}

/// Which image of an archive or layout a spec means by `fromImageName` and `fromImageTag`.
private struct StoredImageSelection {
    let spec: ImageSpec
    let location: ImageLocation

    func image(_ environment: BuildEnvironment) throws -> StoredImage {
        let platform = spec.architecture.map { Platform(os: spec.os, architecture: $0, variant: spec.variant) }
        guard spec.fromImageName != nil || spec.fromImageTag != nil else {
            return try read(location, platform, environment)
        }
        guard location.reference == nil else { throw BaseImageFailure.namedTwice("\(location)") }
        do {
            let image = try read(location, platform, environment)
            guard image.references.contains(where: isMeant) else {
                throw ImageStorageFailure(.noSuchImage(wanted, available: image.references), path: location.path)
            }
            return image
        } catch let failure as ImageStorageFailure {
            guard case .ambiguous(let available) = failure.reason else { throw failure }
            return try image(among: available, platform, environment)
        }
    }

    private func read(
        _ location: ImageLocation,
        _ platform: Platform?,
        _ environment: BuildEnvironment
    ) throws -> StoredImage {
        try StoredImage(at: location, platform: platform, temporaryDirectory: environment.temporaryDirectory)
    }

    private func image(
        among available: [String],
        _ platform: Platform?,
        _ environment: BuildEnvironment
    ) throws -> StoredImage {
        let meant = available.filter(isMeant)
        guard let first = meant.first else {
            throw ImageStorageFailure(.noSuchImage(wanted, available: available), path: location.path)
        }
        guard meant.count == 1 else { throw ImageStorageFailure(.ambiguous(available: meant), path: location.path) }
        let transport = try location.transport ?? Self.transport(of: location)
        let chosen = try ImageLocation(transport: transport, path: location.path, reference: first)
        return try read(chosen, platform, environment)
    }

    /// The form of what a bare path leads to.
    private static func transport(of location: ImageLocation) throws -> ImageLocation.Transport {
        if try FileStatus(of: location.path).kind == .directory { return .ociLayout }
        return .dockerArchive
    }

    private var wanted: String {
        [spec.fromImageName, spec.fromImageTag].compactMap(\.self).joined(separator: ":")
    }

    private func isMeant(_ reference: String) -> Bool {
        // In a layout a tag may stand alone.
        if spec.fromImageName == nil, reference == spec.fromImageTag { return true }
        guard let parsed = try? ImageReference(reference) else { return false }
        if let tag = spec.fromImageTag, parsed.tag ?? "latest" != tag { return false }
        guard let name = spec.fromImageName else { return true }
        return parsed.familiarName == (try? ImageReference(name))?.familiarName
    }
}
