// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockOCI
public import DrydockPackages
public import DrydockStorage

/// The root file system of a stored image, from the tar data of its layers alone.
///
///     let image = try StoredImage(at: ImageLocation("image.tar"))
///     let tree = try await ImageTree.entries(of: image, temporaryDirectory: "/tmp")
///     let omissions = try TreeUnpacking.usual.unpack(tree, into: HostDirectory("root"))
public enum ImageTree: Sendable {
    /// What a container of the image sees, parents before what they contain and siblings by name.
    ///
    /// Every layer is read once from its first byte to its last and verified. Files keep their content where it is:
    /// in the image, or in a file without a name for layers that are compressed.
    ///
    /// - Parameters:
    ///   - image: The image.
    ///   - temporaryDirectory: Where the tars of compressed layers are kept as long as the entries are.
    ///   - width: How many layers are read at once, by default as many as there are processors.
    /// - Returns: The entries; the root first, if a layer mentions it.
    /// - Throws: ``ImageStorageFailure`` for a damaged image; ``TreeError`` for a layer that nobody can unpack;
    ///   `SystemError`; `CancellationError`.
    public static func entries(
        of image: StoredImage,
        temporaryDirectory: String,
        width: Int? = nil
    ) async throws -> [TreeEntry] {
        try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { _ in
            let layers = try StoredLayers.of(image, temporaryDirectory: temporaryDirectory)
            return try await tree(of: layers.map(LayerContent.stored), names: layers.map(\.name))
        }
    }

    /// What layers make up together; contents of a plan that were not looked into have no entries.
    static func tree(of contents: [LayerContent], names: [String]) async throws -> [TreeEntry] {
        try await StoredLayers.read(
            contents.compactMap { content in
                if case .stored(let layer) = content { layer } else { nil }
            }
        )
        var tree = LayeredTree()
        for (content, name) in zip(contents, names) { try tree.add(content.members(), named: name) }
        return tree.entries()
    }
}

/// The layers of a stored image.
enum StoredLayers {
    /// Each layer, the lowest first; a layer that the image has twice is one.
    static func of(
        _ image: StoredImage,
        temporaryDirectory: String,
        lists: LocalFragments? = nil
    ) throws -> [StoredLayer] {
        var known: [String: StoredLayer] = [:]
        return try image.layers.indices.map { number in
            let key = "\(image.layers[number].descriptor.digest) \(image.layers[number].diffID)"
            if let layer = known[key] { return layer }
            let layer = StoredLayer(
                try image.blob(ofLayer: number),
                named: "layer \(number + 1) of \(image.path)",
                temporaryDirectory: temporaryDirectory,
                lists: lists
            )
            known[key] = layer
            return layer
        }
    }

    /// Finds out what all of them hold, several at a time.
    static func read(_ layers: [StoredLayer]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for layer in layers {
                group.addTask { _ = try layer.members() }
            }
            try await group.waitForAll()
        }
    }
}

extension LayerPlan {
    /// Learns the sizes of tars that are stored compressed.
    func measureStoredTars() async throws {
        try await StoredLayers.read(
            layers.compactMap { layer in
                guard case .stored(let stored) = layer.content, stored.tarSize == nil else { return nil }
                return stored
            }
        )
    }
}

extension LayerContent {
    /// The entries of a recipe by their paths below the root.
    func entries() throws -> [TreeEntry] {
        var tree = LayeredTree()
        try tree.add(members(), named: "store paths")
        return tree.entries()
    }

    /// What the layer's tar holds.
    func members() throws -> [LayerMember] {
        switch self {
        case .stored(let layer): try layer.members()
        case .outline: []
        case .recipe, .remembered: try recipe().layerMembers
        }
    }
}
