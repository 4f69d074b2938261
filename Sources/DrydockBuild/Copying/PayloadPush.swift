// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// Sends images to a registry, and what lists them, in an order in which nothing leads to what is not there: blobs, the
/// manifests of images by their digests, indexes after what they list, and the tag.
struct PayloadPush<Payload: ImagePayload>: Sendable {
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
        let graph = try payload.graph(of: images)
        let manifests = Self.manifests(of: images, graph)
        try requireExpected(manifests.last)
        try await putConfigurations(of: images, sending)
        try await repository.publish(manifests, tag: target.reference.tag)
        let sent = images.flatMap { $0.layers.map(\.descriptor) }
        sending.rememberPlaces(of: sent + (graph?.blobs.map(\.descriptor) ?? []))
        return images
    }

    // MARK: Layers

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

    // MARK: Documents

    /// All manifests and indexes, each after those that it lists; what the name shall lead to comes last.
    private static func manifests(of images: [BuiltImage], _ graph: PayloadGraph?) -> [RegistryManifest] {
        images.map { RegistryManifest($0.manifestBytes, mediaType: $0.manifestType) }
            + (graph?.documents ?? []).map { RegistryManifest($0.bytes, mediaType: $0.descriptor.mediaType) }
    }

    private func requireExpected(_ top: RegistryManifest?) throws(CopyFailure) {
        guard let expected = target.reference.digest, let actual = top?.descriptor.digest, expected != actual else {
            return
        }
        throw .otherDigest(target.reference.familiarDescription, expected: expected, actual: actual)
    }

    private func putConfigurations(of images: [BuiltImage], _ sending: BlobPush) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for image in images { group.addTask { try await putConfiguration(of: image, sending) } }
            try await group.waitForAll()
        }
    }

    private func putConfiguration(of image: BuiltImage, _ sending: BlobPush) async throws {
        let config = try ImageManifest(parsing: image.manifestBytes).config
        try await sending.blobs.put(image.configurationBytes, as: config)
        try await sending.push(config)
        sending.rememberPlaces(of: [config])
    }
}
