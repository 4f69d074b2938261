// SPDX-License-Identifier: Apache-2.0

import DrydockStorage

extension BuildEnvironment {
    /// Remembers the digests that a build has found out, and which remembered ones it has used.
    ///
    /// Called when the image is complete; what goes wrong is told in the local store's warnings and harms no image.
    func remember(_ plan: LayerPlan, _ image: BuiltImage) {
        guard let localStore else { return }
        var new: [LayerKey: LayerMeasure] = [:]
        var used: [LayerKey] = []
        for (layer, packed) in zip(plan.layers, image.layers) {
            guard let key = layer.key else { continue }
            if layer.content.diffID == nil {
                new[key] = LayerMeasure(diffID: packed.diffID, size: packed.tarSize)
            } else {
                used.append(key)
            }
        }
        try? localStore.remember(new, used: used)
    }
}
