// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import DrydockPackages

/// What an image will hold: the inputs that its spec names, in order, read except for the content of their files.
public struct Contents: Sendable {
    /// One input.
    struct Input: Sendable {
        /// In which sort of layer it goes.
        var kind: LayerPlan.Layer.Kind
        /// What it is called in messages and in the history.
        var label: InputLabel
        /// What it was made from, as paths on this host.
        let paths: [String]
        let entries: [TreeEntry]
        /// What the person should know of it.
        var warnings: [String] = []
        /// What was found out, and is no fault.
        var notes: [String] = []
        /// Where interpreters among the entries look for modules.
        var modules: [InterpreterModules] = []
        /// Where the spec names it: one place, or one for each entry; empty if that is not known.
        var places: [String] = []

        /// The input with the places where the spec names it, if all are known.
        func standing(at places: [String?]) -> Input {
            var input = self
            input.places = places.compactMap(\.self)
            return input
        }

        /// The notes with the place where the spec names the input.
        var placedNotes: [String] { notes.map { note in places.first.map { "\($0): \(note)" } ?? note } }

        /// Where the spec names an entry, if that is known.
        func place(ofEntry number: Int) -> String? {
            places.count == 1 ? places.first : number < places.count ? places[number] : nil
        }
    }

    let inputs: [Input]
    /// What comes from a Nix store, if anything does.
    var store: StoreLayers?
    /// The base image, if there is one.
    var foundation: Foundation?
    /// What runs the spec's scripts, if it has any.
    var scripts: ScriptRunner?
    /// What the last layer holds after the scripts, once they ran.
    var scripted: [TreeEntry]?
    /// Owner and time of what no input mentions.
    let style: EntryStyle
    /// Which inputs are trees of `copyToRoot`.
    let copies: RootTree.Copies

    /// Decides which input becomes which layer: each item of `contents` its own, everything else the last one.
    ///
    /// - Parameters:
    ///   - maxLayers: When there are more items, the last ones share a layer.
    ///   - squash: Whether there is one layer with everything.
    /// - Returns: The layers, at least one.
    /// - Throws: ``ContentsConflict`` when two inputs do not go together; ``TarWritingFailure``; ``BaseImageFailure``.
    func plan(maxLayers: Int, squash: Bool = false) async throws -> LayerPlan {
        var plan = try await squash ? squashed() : planAbove(try roomAbove(maxLayers))
        plan.base = foundation?.base.configuration
        plan.notes = (foundation?.base.notes ?? []) + inputs.flatMap(\.placedNotes) + moduleNotes
        plan.warnings = (foundation?.base.warnings ?? []) + inputs.flatMap(\.warnings)
        if !squash, let base = foundation?.base {
            plan.baseLayerCount = base.layers.count
            plan.layers = base.layers + plan.layers
        }
        return plan
    }

    /// How many layers may be put on top of those of the base image.
    private func roomAbove(_ maxLayers: Int) throws(BaseImageFailure) -> Int {
        guard let base = foundation?.base else { return maxLayers }
        let room = maxLayers - base.layers.count
        let hasPackages = store.map { !$0.closure.objects.isEmpty } ?? false || inputs.contains { $0.kind == .store }
        let least = hasPackages ? 2 : inputs.isEmpty && scripts == nil ? 0 : 1
        guard room >= least else {
            throw .tooManyLayers(base: base.label, count: base.layers.count, maxLayers: maxLayers)
        }
        return room
    }

    /// Everything as one layer, with what the base image has.
    private func squashed() async throws -> LayerPlan {
        var tree = try tree()
        let number = inputs.count + (foundation == nil ? 0 : 1)
        for layer in try await storeLayers(maxLayers: 2, tree) {
            // Without names of directories above: those of the tree stay as they are.
            for entry in try layer.content.entries() { try tree.insert(entry, from: number) }
        }
        let runs = scripts?.scripts.runs.map(\.name) ?? []
        let labels = [foundation?.base.label].compactMap(\.self) + inputs.map(\.label.full) + runs
        var entries = tree.entries(of: 0..<number + 1)
        if let scripts { entries = try scripts.entries(below: ScriptedTree.Below(), layer: entries) }
        let layer = LayerPlan.Layer(
            kind: .customisation,
            paths: inputs.flatMap(\.paths),
            createdBy: "drydock: squash of " + (labels.isEmpty ? "nothing" : labels.joined(separator: "; ")),
            content: .recipe(try LayerRecipe(entries: entries))
        )
        return LayerPlan(layers: [layer])
    }

    /// The inputs on top of the base image.
    private func tree() throws -> RootTree {
        let labels = [foundation?.base.label].compactMap(\.self) + inputs.map(\.label.short)
        let first = foundation == nil ? 0 : 1
        var tree = RootTree(
            inputs: labels + ["store paths"],
            style: style,
            copies: RootTree.Copies(
                inputs: (copies.inputs.lowerBound + first)..<(copies.inputs.upperBound + first),
                keepsLinks: copies.keepsLinks
            )
        )
        for entry in foundation?.entries ?? [] { try tree.insert(entry, from: 0) }
        for (number, input) in inputs.enumerated() {
            for (position, entry) in input.entries.enumerated() {
                do { try tree.insert(entry, from: number + first) } catch {
                    guard let place = input.place(ofEntry: position) else { throw error }
                    throw PlacedFailure(place: place, cause: error)
                }
            }
        }
        return tree
    }

    /// The paths that layers below have, also those that a later input has taken over.
    private func hidden(below count: Int) -> Set<ByteString> {
        Set((foundation?.entries ?? []).map(\.path)).union(inputs[..<count].flatMap { $0.entries.map(\.path) })
    }

    private func planAbove(_ maxLayers: Int) async throws -> LayerPlan {
        let tree = try tree()
        let first = foundation == nil ? 0 : 1
        let storeLayers = try await storeLayers(maxLayers: maxLayers, tree)
        // A pipeline may make more layers than it was allowed.
        let groups = groups(maxLayers: max(maxLayers - storeLayers.count, min(maxLayers, 2)))
        let layers = try groups.compactMap { group -> LayerPlan.Layer? in
            var entries = tree.entries(of: (group.lowerBound + first)..<(group.upperBound + first))
            if isOwn(group), let scripted { entries = scripted }
            return entries.isEmpty ? nil : try layer(group, entries)
        }
        var all = storeLayers + layers
        // An image without any layer is refused by some readers.
        if all.isEmpty, foundation.map(\.base.layers.isEmpty) ?? true { all = [try layer(inputs.indices, [])] }
        return LayerPlan(layers: all)
    }

    /// Runs the scripts on what is particular to the image, which is the last layer.
    ///
    /// - Returns: What that layer holds then.
    mutating func runScripts() throws -> [TreeEntry] {
        guard let scripts else { return [] }
        let tree = try tree()
        let first = foundation == nil ? 0 : 1
        let packages = packageCount
        let below = ScriptedTree.Below(
            entries: tree.entries(of: 0..<(packages + first)),
            hidden: hidden(below: packages)
        )
        let own = tree.entries(of: (packages + first)..<(inputs.count + first))
        let entries = try scripts.entries(below: below, layer: own)
        scripted = entries
        return entries
    }

    /// The layers of store paths: as many as the others leave, at least one.
    private func storeLayers(maxLayers: Int, _ tree: RootTree) async throws -> [LayerPlan.Layer] {
        guard let store else { return [] }
        let packages = packageCount
        // Others beside store paths are packages that each want a layer, and what is particular to this image.
        let others = min(packages, maxLayers / 2) + 1
        let first = foundation == nil ? 0 : 1
        let groups = try store.groups(
            limit: max(maxLayers - others, 1),
            beside: tree.entries(of: (packages + first)..<(inputs.count + first))
        )
        return try await store.layers(of: groups)
    }

    private func layer(_ group: Range<Int>, _ entries: [TreeEntry]) throws -> LayerPlan.Layer {
        let members = inputs[group]
        var labels = members.map(\.label.full)
        if isOwn(group) { labels += scripts?.scripts.runs.map(\.name) ?? [] }
        return LayerPlan.Layer(
            kind: members.last?.kind ?? .customisation,
            paths: members.flatMap(\.paths),
            createdBy: "drydock: " + (labels.isEmpty ? "nothing" : labels.joined(separator: "; ")),
            content: .recipe(try LayerRecipe(entries: entries))
        )
    }

    /// How many inputs have a layer each, as long as there is room.
    private var packageCount: Int { inputs.prefix { $0.kind == .store }.count }

    /// Whether a group is what is particular to this image, which scripts change: no input may be in it.
    private func isOwn(_ group: Range<Int>) -> Bool { group.lowerBound == packageCount }

    /// Which inputs share a layer.
    private func groups(maxLayers: Int) -> [Range<Int>] {
        let packages = packageCount
        // What is particular to this image has a layer of its own, also if only scripts make it.
        let hasOwn = packages < inputs.count || scripts != nil
        let budget = maxLayers - (hasOwn ? 1 : 0)
        var groups = (0..<min(packages, budget)).map { $0..<($0 + 1) }
        if packages > budget, let last = groups.popLast() { groups.append(last.lowerBound..<packages) }
        if hasOwn { groups.append(packages..<inputs.count) }
        return groups
    }
}
