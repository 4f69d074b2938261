// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
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
        let width = width ?? BlockingPool.machineWidth
        // Whoever sends must not wait until those who compress have no more to do.
        return try await BlockingPool.withPool(width: width + RegistryClientOptions().requestsPerHost) { _ in
            let plan = try CopyPlan(self, for: target)
            do {
                let payload = try await payload(plan, workers: width, progress)
                let images = try await Self.push(payload, to: target, width, progress)
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
        try await PayloadPush(payload: payload, target: target, width: width, progress: progress).push()
    }
}
