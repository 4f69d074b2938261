// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// One index of images that were made one by one, each for another platform.
///
/// Images come in the order of their platforms and attestations behind them: whichever order the sources have, the index
/// has the same bytes.
public struct IndexAssembly: Sendable {
    private let parts: [IndexPart]
    private let plan: CopyPlan?
    private let images: [StoredImage]

    /// An index of all images of some sources.
    ///
    /// - Parameters:
    ///   - parts: The sources; an image that several have is listed once.
    ///   - compression: How layers are compressed; nil keeps them as they are.
    /// - Throws: ``CopyFailure`` if there is no image, or two images are for one platform.
    public init(of parts: [IndexPart], compression: CompressionFormat? = nil) throws {
        self.parts = parts
        images = StoredImage.merged(parts.map(\.images))
        var copy = ImageCopy(of: images)
        copy.compression = compression
        plan = images.isEmpty ? nil : try CopyPlan(unnamed: copy)
        try Self.refuseEqualPlatforms(parts)
    }

    /// The sizes of the blobs, and what they are called.
    public var work: [(size: Int64, title: String)] {
        let layers = plan?.layers.map(\.blob.descriptor) ?? []
        return (layers + parts.flatMap(\.blobs).map(\.descriptor)).map { ($0.size, "\($0.digest)") }
    }

    private static func refuseEqualPlatforms(_ parts: [IndexPart]) throws(CopyFailure) {
        var known: [(entry: Descriptor, source: String)] = []
        for part in parts {
            for entry in part.images.map({ $0.descriptor.running(on: $0.platform) }) + part.remote {
                guard let platform = entry.platform, !known.contains(where: { $0.entry.digest == entry.digest }) else {
                    continue
                }
                let other = known.first { $0.entry.platform?.isOne(with: platform) == true }
                if let other { throw .samePlatform("\(platform)", [other.source, part.source]) }
                known.append((entry, part.source))
            }
        }
        if known.isEmpty { throw .noImages }
    }
}

// MARK: - Writing

extension IndexAssembly {
    /// Writes the index with all that it lists.
    ///
    /// - Parameters:
    ///   - destination: An image layout or an archive of one; under its final name it is complete or absent.
    ///   - width: The number of threads, by default that of the processors.
    ///   - progress: Told of every step.
    /// - Returns: What arrived.
    /// - Throws: As ``GraphCopy/deliver(to:width:progress:)``.
    public func deliver(
        to destination: Destination,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> GraphCopy.Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let payload = try payload(named: destination.reference, workers: pool.width, progress)
            let delivery = Delivery(payload: payload, modificationTime: 1, width: pool.width, progress: progress)
            return result(try await delivery.deliver(to: destination), named: destination.reference)
        }
    }

    /// Sends the index to a registry with what that lacks of all that it lists; the tag is written last.
    ///
    /// - Parameters:
    ///   - target: The repository and the name there.
    ///   - width: The number of threads, by default that of the processors; the bytes do not depend on it.
    ///   - progress: Told of every step.
    /// - Returns: What arrived.
    /// - Throws: ``RegistryFailure``; ``CopyFailure``; as ``deliver(to:width:progress:)``.
    public func push(
        to target: PushTarget,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> GraphCopy.Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            do {
                let payload = try payload(named: nil, workers: pool.width, progress)
                let push = PayloadPush(payload: payload, target: target, width: pool.width, progress: progress)
                return result(try await push.push(), named: nil)
            } catch let failure as RegistryFailure {
                throw failure.about(target.reference.familiarDescription)
            }
        }
    }

    private func payload(named name: String?, workers: Int, _ progress: ProgressCounter) throws -> GraphPayload {
        GraphPayload(
            copied: plan.map { CopiedPayload(plan: $0, workers: workers, progress: progress) },
            blobs: keptBlobs,
            packer: LayerPacker(compression: .none, workers: workers, progress: progress),
            listing: { [self] images in
                let index = index(of: images)
                return PayloadGraph(documents: keptDocuments + [index], entries: [entry(for: index, named: name)])
            }
        )
    }

    /// Each blob once.
    private var keptBlobs: [GraphBlob] {
        var seen: Set<Digest> = []
        return parts.flatMap(\.blobs).filter { seen.insert($0.descriptor.digest).inserted }
    }

    /// Each document once, without attestations of images that change.
    private var keptDocuments: [StoredGraph.Document] {
        var seen: Set<Digest> = []
        return parts.flatMap(\.documents).filter { document in
            !isOutdated(document.descriptor) && seen.insert(document.descriptor.digest).inserted
        }
    }

    private func isOutdated(_ attestation: Descriptor) -> Bool {
        guard let attested = attestation.attestedDigest else { return false }
        return plan?.images.contains { $0.format != nil && $0.stored.descriptor.digest == attested } == true
    }
}

// MARK: - The index

extension IndexAssembly {
    private func index(of built: [BuiltImage]) -> StoredGraph.Document {
        let entries = entries(of: built)
        var index = ImageIndex(manifests: entries)
        if entries.allSatisfy(\.mediaType.isDocker) { index.mediaType = .dockerManifestList }
        let bytes = CanonicalJSON.encode(index)
        let type = index.mediaType ?? .imageIndex
        return StoredGraph.Document(descriptor: Descriptor(of: bytes, mediaType: type), bytes: bytes)
    }

    /// The images in the order of their platforms, and then the attestations in the order of their images.
    private func entries(of built: [BuiltImage]) -> [Descriptor] {
        let own = zip(images, built).map { stored, image in
            var entry = stored.descriptor.running(on: stored.platform)
            let manifest = image.manifest
            (entry.mediaType, entry.digest, entry.size) = (manifest.mediaType, manifest.digest, manifest.size)
            return entry
        }
        var seen: Set<Digest> = []
        let listed = (own + parts.flatMap(\.remote)).filter { seen.insert($0.digest).inserted }
            .sorted { $0.placeInIndex.lexicographicallyPrecedes($1.placeInIndex) }
        let attestations = keptDocuments.map(\.descriptor).filter { $0.attestedDigest != nil }
        return listed
            + listed.flatMap { image in
                attestations.filter { $0.attestedDigest == image.digest }
                    .sorted { $0.digest.encoded < $1.digest.encoded }
            }
    }

    private func entry(for index: StoredGraph.Document, named name: String?) -> Descriptor {
        ImageLayout.entry(for: index.descriptor, referenceName: name)
    }

    private func result(_ built: [BuiltImage], named name: String?) -> GraphCopy.Result {
        GraphCopy.Result(
            entries: [entry(for: index(of: built), named: name)],
            manifests: entries(of: built),
            changes: (plan?.changes(with: built) ?? []) + omissions
        )
    }

    private var omissions: [String] {
        let outdated = parts.flatMap(\.attestations).count(where: isOutdated)
        let artifacts = parts.map(\.artifactCount).reduce(0, +)
        return [
            Self.omission(
                outdated,
                "attestation speaks of an image as it was",
                "attestations speak of images as they were"
            ),
            Self.omission(artifacts, "artifact belongs to no platform", "artifacts belong to no platform"),
        ].compactMap(\.self)
    }

    private static func omission(_ count: Int, _ one: String, _ several: String) -> String? {
        if count == 0 { return nil }
        return count == 1 ? "1 \(one) and is left out" : "\(count) \(several) and are left out"
    }
}

extension Descriptor {
    /// What images are sorted by: plainer variants come first, which clients take that know of none.
    fileprivate var placeInIndex: [String] {
        [platform?.os, platform?.architecture, platform?.variant, platform?.osVersion].map { $0 ?? "" } + [
            digest.encoded
        ]
    }
}

extension Platform {
    /// Whether a client would have to choose between the two.
    fileprivate func isOne(with other: Platform) -> Bool { satisfies(other) && osVersion == other.osVersion }
}
