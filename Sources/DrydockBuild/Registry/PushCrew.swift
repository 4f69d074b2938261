// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import DrydockRegistry

/// Packs layers and sends them meanwhile.
///
/// First the registry is asked for all layers whose blobs are known, as many at once as it may be asked. The others are
/// packed, as many at once as there are threads; each is sent as soon as it is packed, and the next one is packed without
/// waiting for that.
struct PushCrew: Sendable {
    /// One layer, and the way to its blob.
    struct Layer: Sendable {
        /// How much work it is.
        let size: Int64
        /// What it will be, if that is known.
        let known: PackedLayer?
        /// Makes the blob, or finds it.
        let pack: @Sendable () async throws -> Packed
    }

    /// A layer that was packed, and its blob.
    struct Packed: Sendable {
        let layer: PackedLayer
        let source: any BlobSource
        /// Whether the registry was asked for it before.
        var isMissing = false
    }

    /// How many layers are packed at once.
    let width: Int
    /// Told of every layer.
    let progress: ProgressCounter

    /// Brings all layers to the registry, each once.
    ///
    /// - Returns: The layers in their order.
    /// - Throws: The first error; everything else is cancelled and has stopped by then.
    func push(_ layers: [Layer], _ sending: BlobPush) async throws -> [PackedLayer] {
        var result = try await present(layers, sending)
        let rest = result.indices.filter { result[$0] == nil }
        let counter = ProgressCounter { progress.didPack(layer: rest[$0]) }
        let packed = try await packAndSend(rest.map { layers[$0] }, counter, sending)
        for (number, layer) in zip(rest, packed) { result[number] = layer }
        return result.compactMap(\.self)
    }

    /// The layers that the registry has or takes over from another of its repositories.
    private func present(_ layers: [Layer], _ sending: BlobPush) async throws -> [PackedLayer?] {
        var present = [PackedLayer?](repeating: nil, count: layers.count)
        try await withThrowingTaskGroup(of: (Int, PackedLayer?).self) { group in
            for (number, layer) in layers.enumerated() {
                guard let known = layer.known else { continue }
                group.addTask {
                    guard try await sending.isThere(known.descriptor) else { return (number, nil) }
                    progress.add(Int(layer.size))
                    progress.didPack(layer: number)
                    return (number, known)
                }
            }
            for try await (number, layer) in group { present[number] = layer }
        }
        return present
    }

    private func packAndSend(
        _ layers: [Layer],
        _ counter: ProgressCounter,
        _ sending: BlobPush
    ) async throws -> [PackedLayer] {
        let (stream, continuation) = AsyncStream.makeStream(of: Packed.self)
        async let packed = pack(layers, counter, continuation)
        try await withThrowingDiscardingTaskGroup { group in
            // Layers of the same bytes are one blob.
            var seen: Set<Descriptor> = []
            for await packed in stream where seen.insert(packed.layer.descriptor).inserted {
                group.addTask {
                    do { try await send(packed, sending) } catch {
                        // What follows need not be packed for this registry.
                        continuation.finish()
                        throw error
                    }
                }
            }
        }
        return try await packed
    }

    private func pack(
        _ layers: [Layer],
        _ counter: ProgressCounter,
        _ continuation: AsyncStream<Packed>.Continuation
    ) async throws -> [PackedLayer] {
        defer { continuation.finish() }
        return try await PackingCrew(width: width, progress: counter).pack(layers.map(\.size)) { number in
            var packed = try await layers[number].pack()
            packed.isMissing = layers[number].known != nil
            continuation.yield(packed)
            return packed.layer
        }
    }

    private func send(_ packed: Packed, _ sending: BlobPush) async throws {
        let blob = packed.layer.descriptor
        if packed.isMissing {
            try await sending.send(blob, from: packed.source)
        } else {
            try await sending.push(blob, from: packed.source)
        }
    }
}
