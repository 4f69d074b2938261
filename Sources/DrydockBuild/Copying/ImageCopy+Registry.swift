// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockStorage

extension ImageCopy {
    /// The sizes of the layers as they are stored, each layer once, and what they are called.
    ///
    /// - Throws: As ``push(to:width:progress:)`` before anything is read.
    public func work(for target: PushTarget) throws -> [(size: Int64, title: String)] {
        try CopyPlan(self, for: target).layers.map {
            ($0.blob.descriptor.size, $0.blob.descriptor.digest.description)
        }
    }

    /// Sends the image to a registry, which gets what it lacks; its tag is written last.
    ///
    /// - Parameters:
    ///   - target: The repository and the name of the image there.
    ///   - width: The number of threads, by default that of the processors; the bytes do not depend on it.
    ///   - progress: Told of every step.
    /// - Returns: The image with its digests.
    /// - Throws: ``RegistryFailure``; as ``deliver(to:width:progress:)``.
    public func push(
        to target: PushTarget,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let plan = try CopyPlan(self, for: target)
            do {
                let payload = try await payload(plan, workers: pool.width, progress)
                let images = try await Self.push(payload, to: target, pool.width, progress)
                return Result(images: images, changes: plan.changes(with: images))
            } catch let failure as RegistryFailure {
                throw failure.about(target.reference.familiarDescription)
            }
        }
    }

    private static func push(
        _ payload: some ImagePayload,
        to target: PushTarget,
        _ width: Int,
        _ progress: ProgressCounter
    ) async throws -> [BuiltImage] {
        try await CopyPush(payload: payload, target: target, width: width, progress: progress).push()
    }
}

/// Sends stored images to a registry.
private struct CopyPush<Payload: ImagePayload>: Sendable {
    let payload: Payload
    let target: PushTarget
    let width: Int
    let progress: ProgressCounter

    func push() async throws -> [BuiltImage] {
        let repository = try await target.client.repository(of: target.reference)
        let sending = BlobPush(repository: repository, store: target.store, transfer: target.transfer)
        let layers = try await PushCrew(width: width, progress: progress).push(
            payload.layerSizes.enumerated().map { layer($0.offset, size: $0.element, sending) },
            sending
        )
        let images = try payload.images(with: layers).map(\.image)
        for image in images { try await finish(image, sending) }
        return images
    }

    private func layer(_ number: Int, size: Int64, _ sending: BlobPush) -> PushCrew.Layer {
        let known = payload.knownLayer(number)
        return PushCrew.Layer(size: size, known: known) {
            if let known, let source = try await existing(known, number, sending) {
                progress.add(Int(size))
                return PushCrew.Packed(layer: known, source: source)
            }
            let layer = try await unsafe sending.blobs.keep { try await unsafe payload.pack(number, writing: $0) }
            return PushCrew.Packed(layer: layer, source: sending.blobs)
        }
    }

    private func existing(_ known: PackedLayer, _ number: Int, _ sending: BlobPush) async throws -> (any BlobSource)? {
        try await sending.blobs.hasBlob(known.descriptor) ? sending.blobs : payload.existingBlob(number)
    }

    private func finish(_ image: BuiltImage, _ sending: BlobPush) async throws {
        let manifest = RegistryManifest(image.manifestBytes, mediaType: image.manifestType)
        let document = try ImageManifest(parsing: image.manifestBytes)
        let (reference, digest) = (target.reference, manifest.descriptor.digest)
        if let expected = reference.digest, expected != digest {
            throw CopyFailure.otherDigest(reference.familiarDescription, expected: expected, actual: digest)
        }
        try await sending.blobs.put(image.configurationBytes, as: document.config)
        try await sending.push(document.config)
        try await sending.repository.publish([manifest], tag: reference.tag)
        sending.rememberPlaces(of: [document.config] + document.layers)
    }
}
