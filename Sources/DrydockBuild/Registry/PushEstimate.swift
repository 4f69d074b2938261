// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
public import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// What a push would move, layer by layer, as far as that is known before anything is read or compressed.
public struct PushEstimate: Sendable {
    /// What would become of a layer.
    public enum Outcome: Hashable, Sendable {
        /// The repository has it.
        case present
        /// Another repository of the registry has it.
        case mountable(from: String)
        /// Its bytes would be sent.
        case sent
    }

    /// One layer.
    public struct Layer: Hashable, Sendable {
        /// What would become of it.
        public let outcome: Outcome
        /// The digest of its blob, if that is known.
        public let digest: Digest?
        /// The size of its blob; where that is not known, that of its tar, than which a blob is hardly larger.
        public let size: Int64

        /// Whether the blob is known.
        public var isExact: Bool { digest != nil }
    }

    /// The layers, lowest first.
    public let layers: [Layer]

    /// The bytes of the layers that would be sent, each counted once.
    public var bytesToSend: Int64 {
        var seen: Set<Digest> = []
        return layers.reduce(0) { sum, layer in
            guard layer.outcome == .sent, layer.digest.map({ seen.insert($0).inserted }) ?? true else { return sum }
            return sum.addingReportingOverflow(layer.size).partialValue
        }
    }

    /// Whether the size of every blob that would be sent is known.
    public var isExact: Bool { layers.allSatisfy { $0.outcome != .sent || $0.isExact } }
}

extension ImageBuild {
    /// Finds out which layers of a plan a registry has; asks it, and sends nothing.
    ///
    /// The few kilobytes of configuration and manifest are not counted.
    ///
    /// - Throws: ``RegistryFailure``; what the source of settings throws.
    public func estimatePush(_ plan: LayerPlan, to target: PushTarget) async throws -> PushEstimate {
        try await BlockingPool.withPool(width: 1) { _ in
            try await PushExamination(plan: plan, target: target).estimate()
        }
    }
}

/// Asks a registry for the layers of a plan.
private struct PushExamination: Sendable {
    let plan: LayerPlan
    let target: PushTarget

    func estimate() async throws -> PushEstimate {
        let repository = try await target.client.repository(of: target.reference)
        do {
            var layers = [PushEstimate.Layer?](repeating: nil, count: plan.layers.count)
            try await withThrowingTaskGroup(of: (Int, PushEstimate.Layer).self) { group in
                // The client bounds how many questions are asked at once.
                for (number, layer) in plan.layers.enumerated() {
                    group.addTask { (number, try await estimate(layer.content, repository)) }
                }
                for try await (number, layer) in group { layers[number] = layer }
            }
            return PushEstimate(layers: layers.compactMap(\.self))
        } catch let failure as RegistryFailure {
            throw failure.about(target.reference.familiarDescription)
        }
    }

    private func estimate(
        _ content: LayerContent,
        _ repository: RegistryRepository
    ) async throws -> PushEstimate.Layer {
        guard let blob = blob(of: content) else {
            return PushEstimate.Layer(outcome: .sent, digest: nil, size: content.size)
        }
        let outcome = try await outcome(of: blob, repository)
        return PushEstimate.Layer(outcome: outcome, digest: blob.digest, size: blob.size)
    }

    private func outcome(of blob: Descriptor, _ repository: RegistryRepository) async throws -> PushEstimate.Outcome {
        if try await repository.hasBlob(blob) { return .present }
        let others = (try? target.store.places(of: blob.digest, registry: repository.registry)) ?? []
        for other in others where other != repository.name {
            // A repository that is gone, or that one may not look into, is none to mount from.
            let reference = try? ImageReference("\(repository.registry)/\(other)")
            guard let reference, let place = try? await target.client.repository(of: reference),
                (try? await place.hasBlob(blob)) == true
            else { continue }
            return .mountable(from: other)
        }
        return .sent
    }

    /// The blob that the layer would be; nil if that is not known without its bytes.
    private func blob(of content: LayerContent) -> Descriptor? {
        target.packer(width: 1).known(content)?.descriptor
    }
}
