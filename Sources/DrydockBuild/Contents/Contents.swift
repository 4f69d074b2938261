// SPDX-License-Identifier: Apache-2.0

import DrydockPackages

/// What an image will hold: the inputs that its spec names, in order, read except for the content of their files.
public struct Contents: Sendable {
    /// One input.
    struct Input: Sendable {
        /// In which sort of layer it goes.
        let kind: LayerPlan.Layer.Kind
        /// What it is called in messages and in the history.
        let label: InputLabel
        /// What it was made from, as paths on this host.
        let paths: [String]
        let entries: [TreeEntry]
        /// What the person should know of it.
        var warnings: [String] = []
    }

    let inputs: [Input]
    /// What comes from a Nix store, if anything does.
    var store: StoreLayers?
    /// Owner and time of what no input mentions.
    let style: EntryStyle
    /// Which inputs are trees of `copyToRoot`.
    let copies: RootTree.Copies

    /// Decides which input becomes which layer: each item of `contents` its own, everything else the last one.
    ///
    /// - Parameter maxLayers: When there are more items, the last ones share a layer.
    /// - Returns: The layers, at least one.
    /// - Throws: ``ContentsConflict`` when two inputs do not go together; ``TarWritingFailure``.
    func plan(maxLayers: Int) throws -> LayerPlan {
        var tree = RootTree(inputs: inputs.map(\.label.short), style: style, copies: copies)
        for (number, input) in inputs.enumerated() {
            for entry in input.entries { try tree.insert(entry, from: number) }
        }
        let storeLayers = try storeLayers(maxLayers: maxLayers)
        // A pipeline may make more layers than it was allowed.
        let groups = groups(maxLayers: max(maxLayers - storeLayers.count, 2))
        let layers = try groups.compactMap { group -> LayerPlan.Layer? in
            let entries = tree.entries(of: group)
            return entries.isEmpty ? nil : try layer(group, entries)
        }
        var all = storeLayers + layers
        // An image without any layer is refused by some readers.
        if all.isEmpty { all = [try layer(inputs.indices, [])] }
        return LayerPlan(layers: all, warnings: inputs.flatMap(\.warnings))
    }

    /// The layers of store paths: as many as the others leave, at least one.
    private func storeLayers(maxLayers: Int) throws -> [LayerPlan.Layer] {
        guard let store else { return [] }
        let packages = inputs.prefix { $0.kind == .store }.count
        // Others beside store paths are packages that each want a layer, and what is particular to this image.
        let others = min(packages, maxLayers / 2) + 1
        return try store.layers(of: store.groups(limit: max(maxLayers - others, 1)))
    }

    private func layer(_ group: Range<Int>, _ entries: [TreeEntry]) throws -> LayerPlan.Layer {
        let members = inputs[group]
        return LayerPlan.Layer(
            kind: members.last?.kind ?? .customisation,
            paths: members.flatMap(\.paths),
            createdBy: "drydock: " + (members.isEmpty ? "nothing" : members.map(\.label.full).joined(separator: "; ")),
            content: .recipe(try LayerRecipe(entries: entries))
        )
    }

    /// Which inputs share a layer.
    private func groups(maxLayers: Int) -> [Range<Int>] {
        let packages = inputs.prefix { $0.kind == .store }.count
        let budget = maxLayers - (packages < inputs.count ? 1 : 0)
        var groups = (0..<min(packages, budget)).map { $0..<($0 + 1) }
        if packages > budget, let last = groups.popLast() { groups.append(last.lowerBound..<packages) }
        if packages < inputs.count { groups.append(packages..<inputs.count) }
        return groups
    }
}
