// SPDX-License-Identifier: Apache-2.0

public import DrydockCompression
import DrydockDigests
import DrydockFiles
import DrydockOCI
public import DrydockStorage

/// Stored images on their way to another place.
///
/// What need not change does not: the same manifest, configuration and blobs arrive, and nothing is compressed anew.
///
///     let copy = ImageCopy(of: try StoredImage.all(at: source))
///     let result = try await copy.deliver(to: Destination(target))
public struct ImageCopy: Sendable {
    /// Which documents describe an image.
    public enum Format: String, Sendable, CaseIterable {
        /// Those of the OCI image specification.
        case oci
        /// Docker's image manifest version 2, schema 2.
        case docker
    }

    /// What came of a copy.
    public struct Result: Sendable {
        /// The images as they arrived.
        public let images: [BuiltImage]
        /// What changed on the way and why, a sentence each.
        public let changes: [String]
    }

    /// What is copied.
    public let images: [StoredImage]
    /// The form of the manifests in a layout; nil keeps that of each.
    public var format: Format?
    /// How the layers in a layout are compressed; nil keeps them as they are.
    public var compression: CompressionFormat?
    /// Whether each image gets one layer that holds what a container of it sees.
    public var squashes = false
    /// Where the tars of compressed layers are kept while images are squashed.
    public var temporaryDirectory = "/tmp"

    /// A copy that changes nothing that the destination can hold.
    public init(of images: [StoredImage]) { self.images = images }

    /// The sizes of the layers as they are stored, each layer once, and what they are called; of squashed images the sums.
    ///
    /// - Throws: As ``deliver(to:width:progress:)`` before anything is read.
    public func work(for destination: Destination) throws -> [(size: Int64, title: String)] {
        let plan = try CopyPlan(self, for: destination)
        if squashes {
            return plan.images.map { image in
                (image.stored.layers.map(\.descriptor.size).reduce(0, +), image.stored.imageID.description)
            }
        }
        return plan.layers.map { ($0.blob.descriptor.size, $0.blob.descriptor.digest.description) }
    }

    /// Writes the images.
    ///
    /// - Parameters:
    ///   - destination: Where they go; under its final name it is complete or absent.
    ///   - width: The number of threads, by default that of the processors; the bytes do not depend on it.
    ///   - progress: Told of every step.
    /// - Returns: The images with their digests.
    /// - Throws: `ImageStorageFailure` for a source that is damaged; ``CopyFailure``; ``DeliveryError``; `SystemError`;
    ///   `CancellationError`.
    public func deliver(
        to destination: Destination,
        width: Int? = nil,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> Result {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let plan = try CopyPlan(self, for: destination)
            let payload = try await payload(plan, workers: pool.width, progress)
            let images = try await Self.deliver(payload, to: destination, pool.width, progress)
            return Result(images: images, changes: plan.changes(with: images))
        }
    }

    /// The layers as they will be stored: those of the images, or one for each image in place of all of its own.
    func payload(_ plan: CopyPlan, workers: Int, _ progress: ProgressCounter) async throws -> any ImagePayload {
        guard squashes else { return CopiedPayload(plan: plan, workers: workers, progress: progress) }
        return try await SquashedPayload(
            plan,
            temporaryDirectory: temporaryDirectory,
            workers: workers,
            progress: progress
        )
    }

    private static func deliver(
        _ payload: some ImagePayload,
        to destination: Destination,
        _ width: Int,
        _ progress: ProgressCounter
    ) async throws -> [BuiltImage] {
        let delivery = Delivery(
            payload: payload,
            modificationTime: modificationTime,
            width: width,
            progress: progress
        )
        return try await delivery.deliver(to: destination)
    }

    /// The time of the members of archives, as builds have it unless another is asked for.
    private static let modificationTime: Int64 = 1
}
