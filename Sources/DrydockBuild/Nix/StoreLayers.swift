// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockLayering
import DrydockNix
import DrydockPackages
import DrydockStorage

/// Divides a closure over layers, and says what each will hold.
struct StoreLayers: Sendable {
    let store: NixStore
    let closure: StoreClosure
    let layering: LayeringSpec
    /// What dockerTools would count beside the closure.
    let files: DockerToolsFiles
    let style: EntryStyle
    /// The paths of each layer of the previous image, the lowest first.
    let previous: [[String]]
    /// Where digests of layers are remembered.
    let memory: LayerMemory
    /// Whether paths may be looked into; otherwise layers are known by the size of their NARs.
    let isOpened: Bool

    /// One layer of store paths, before any of them was opened.
    struct Group {
        let objects: [StoreObject]
        let reason: String
    }

    /// The groups, lowest first, at most `limit` of them unless a pipeline says otherwise.
    ///
    /// - Parameters:
    ///   - limit: The number of layers.
    ///   - entries: What lies at `/`; only ``LayeringAlgorithm/sizeFirst`` looks at it.
    /// - Returns: The groups.
    /// - Throws: ``LayeringFailure``.
    func groups(limit: Int, beside entries: [TreeEntry]) throws(LayeringFailure) -> [Group] {
        var nodes = nodes
        var ignored: Set<Int> = []
        if layering.algorithm == .sizeFirst {
            nodes += filesNodes(entries)
            ignored = Set(closure.objects.count..<nodes.count)
        }
        let request = LayeringRequest(
            graph: ReferenceGraph(nodes: nodes),
            algorithm: layering.algorithm,
            limit: limit,
            previous: previous,
            ignored: ignored
        )
        return try request.groups().map { group in
            Group(objects: group.items.map { closure.objects[$0] }, reason: words(for: group))
        }
    }

    /// The closure as planners see it.
    private var nodes: [ReferenceGraph.Node] {
        let positions = positions
        // Where nothing is signed, signatures tell nothing: not every store gets its paths from a binary cache.
        let knowsSignatures = closure.objects.contains { !$0.signatures.isEmpty }
        return closure.objects.map { object in
            ReferenceGraph.Node(
                path: object.path.description,
                size: object.narSize,
                references: object.references.compactMap { positions[$0] },
                origin: object.deriver,
                isOwn: knowsSignatures && object.signatures.isEmpty && object.contentAddress == nil
            )
        }
    }

    private var positions: [StorePath: Int] {
        Dictionary(uniqueKeysWithValues: closure.objects.enumerated().map { ($1.path, $0) })
    }

    /// The nodes of ``DockerToolsFiles``; their store paths are not known, so they come last.
    private func filesNodes(_ entries: [TreeEntry]) -> [ReferenceGraph.Node] {
        let positions = positions
        return zip(Self.fileNames, [files.configuration, files.customisation(of: entries)]).map { name, file in
            ReferenceGraph.Node(
                path: name,
                size: file.narSize,
                references: file.references.compactMap { positions[$0] }
            )
        }
    }

    private static let fileNames = ["the configuration", "what lies at /"]

    /// The layers of groups; paths whose layer is remembered are not looked into, others by child tasks.
    ///
    /// - Parameter groups: The groups, lowest first.
    /// - Returns: A layer for each, in the same order.
    /// - Throws: `SystemError` for a path that is not there; ``StoreObjectFailure``; of several, that of the lowest group.
    func layers(of groups: [Group]) async throws -> [LayerPlan.Layer] {
        let keys = memory.isUsable ? try groups.map { try key(of: $0.objects) } : groups.map { _ in nil }
        let remembered = memory.lookup(keys.compactMap(\.self))
        let layers = await withTaskGroup(of: (Int, Result<LayerPlan.Layer, any Error>).self) { tasks in
            for (number, (group, key)) in zip(groups, keys).enumerated() {
                tasks.addTask {
                    (number, Result { try layer(of: group, key, key.flatMap { remembered[$0] }) })
                }
            }
            return await tasks.reduce(into: groups.map { _ in nil }) { $0[$1.0] = $1.1 }
        }
        return try layers.compactMap { try $0?.get() }
    }

    /// What the tar of these paths follows from; nil where their hashes are not known.
    ///
    /// A path that was repaired or built anew has another inode, even if it is registered with the same hash.
    private func key(of objects: [StoreObject]) throws -> LayerKey? {
        var parts: [LayerKey.StoreObject] = []
        for object in objects {
            guard let narHash = object.narHash else { return nil }
            let status = try FileStatus(of: store.location.physicalPath(of: object.path), followingLinks: false)
            parts.append(
                LayerKey.StoreObject(
                    path: object.path.description,
                    narHash: narHash,
                    inode: status.identity.inode
                )
            )
        }
        return LayerKey(
            formatVersion: LayerRecipe.storePathsVersion,
            storeObjects: parts,
            owner: LayerKey.Owner(
                uid: Int64(style.owner.uid),
                gid: Int64(style.owner.gid),
                uname: style.owner.userName,
                gname: style.owner.groupName
            ),
            modificationTime: style.modificationTime
        )
    }

    private func layer(of group: Group, _ key: LayerKey?, _ remembered: RememberedLayer?) throws -> LayerPlan.Layer {
        let content: LayerContent =
            if !isOpened {
                .outline(size: group.objects.reduce(0) { $0 + $1.narSize })
            } else if let remembered {
                .remembered(RememberedContent(remembered.measure) { try recipe(of: group.objects, key) })
            } else {
                .recipe(try recipe(of: group.objects, key))
            }
        var layer = LayerPlan.Layer(
            kind: .store,
            paths: group.objects.map(\.path.description),
            createdBy: "drydock: store paths",
            content: content
        )
        layer.key = key
        layer.storePaths = group.objects.map(\.path.description)
        layer.reason = group.reason
        return layer
    }

    private func recipe(of objects: [StoreObject], _ key: LayerKey?) throws -> LayerRecipe {
        var recipe = try LayerRecipe(storePaths: objects.map(\.path), in: store.location, style: style)
        recipe.key = key
        return recipe
    }
}

// MARK: - In words

extension StoreLayers {
    private func words(for group: LayerGroup) -> String {
        switch group.reason {
        case .alone: "kept apart from all others"
        case .remainder: "what is left"
        case .everything: "everything in one layer"
        case .dependenciesOf(let items):
            items.isEmpty ? "what no big path needs" : "nearest to \(names(items))"
        case .popularity: "much leads to it"
        case .pipeline: "put together by the layering pipeline"
        case .kept(let number): "unchanged layer \(number + 1) of the previous image"
        case .changesTogether: "change together, or as rarely"
        case .volatile: "change with most builds"
        }
    }

    private func names(_ items: [Int]) -> String {
        let listed = items.prefix(3).map { item in
            item < closure.objects.count
                ? String(closure.objects[item].path.name) : Self.fileNames[item - closure.objects.count]
        }.joined(separator: ", ")
        return items.count > 3 ? "\(listed) and \(items.count - 3) more" : listed
    }
}
