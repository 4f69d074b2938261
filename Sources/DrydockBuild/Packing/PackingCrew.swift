// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Packs the layers of a plan several at a time, the largest first.
struct PackingCrew: Sendable {
    /// How many layers are packed at once.
    let width: Int
    /// Told of every layer.
    let progress: ProgressCounter

    /// Calls `pack` for each layer and returns the results in the plan's order.
    ///
    /// - Throws: The first error; the other layers are cancelled and have stopped by then.
    func pack(
        _ plan: LayerPlan,
        _ pack: @escaping @Sendable (Int, LayerContent) async throws -> PackedLayer
    ) async throws -> [PackedLayer] {
        let order = plan.layers.indices.sorted { plan.layers[$0].size > plan.layers[$1].size }
        var packed = [PackedLayer?](repeating: nil, count: order.count)
        try await withThrowingTaskGroup(of: (Int, PackedLayer).self) { group in
            for (started, number) in order.enumerated() {
                if started >= width, let (done, layer) = try await group.next() { packed[done] = layer }
                let content = plan.layers[number].content
                group.addTask { [progress] in
                    let layer = try await pack(number, content)
                    progress.didPack(layer: number)
                    return (number, layer)
                }
            }
            for try await (done, layer) in group { packed[done] = layer }
        }
        return packed.compactMap(\.self)
    }
}
