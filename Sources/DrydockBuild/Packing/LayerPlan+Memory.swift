// SPDX-License-Identifier: Apache-2.0

import DrydockStorage

extension BuildEnvironment {
    /// Remembers the digests that a build has found out, and which remembered ones it has used.
    ///
    /// Called when the image is complete; what goes wrong is told in the memory's warnings and harms no image.
    func remember(_ plan: LayerPlan, _ image: BuiltImage) {
        var new: [LayerKey: LayerMeasure] = [:]
        var used: [LayerKey] = []
        for (layer, packed) in zip(plan.layers, image.layers) {
            guard let key = layer.key else { continue }
            // What an older program remembered had no checksums.
            if layer.content.remembered == packed.tar {
                used.append(key)
            } else {
                new[key] = packed.tar
            }
        }
        memory.remember(new, used: used)
    }

    /// Forgets all that the plan was told, when a part of it has turned out to be wrong.
    func forget(_ plan: LayerPlan) {
        memory.forget(plan.layers.filter { $0.content.diffID != nil }.compactMap(\.key))
    }
}
