// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Packs layers several at a time, the largest first.
struct PackingCrew: Sendable {
    /// How many layers are packed at once.
    let width: Int
    /// Told of every layer.
    let progress: ProgressCounter

    /// Calls `pack` for the number of each layer and returns the results in the order of the numbers.
    ///
    /// - Throws: The first error; the other layers are cancelled and have stopped by then.
    func pack(
        _ sizes: [Int64],
        _ pack: @escaping @Sendable (Int) async throws -> PackedLayer
    ) async throws -> [PackedLayer] {
        let order = sizes.indices.sorted { sizes[$0] > sizes[$1] }
        var packed = [PackedLayer?](repeating: nil, count: order.count)
        try await withThrowingTaskGroup(of: (Int, PackedLayer).self) { group in
            for (started, number) in order.enumerated() {
                if started >= width, let (done, layer) = try await group.next() { packed[done] = layer }
                group.addTask { [progress] in
                    let layer = try await pack(number)
                    progress.didPack(layer: number)
                    return (number, layer)
                }
            }
            for try await (done, layer) in group { packed[done] = layer }
        }
        return packed.compactMap(\.self)
    }
}
