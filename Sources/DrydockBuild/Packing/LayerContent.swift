// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockOCI
import DrydockPackages
public import DrydockStorage

/// What a layer's tar is made of: its size is known, and it can be produced at any time.
public enum LayerContent: Sendable {
    /// A recipe whose digest is known only when its tar has been produced.
    case recipe(LayerRecipe)
    /// A tar that was produced before and whose digest was remembered; its files are looked at only if it is needed.
    case remembered(RememberedContent)
    /// A layer of another image, which stays as it is.
    case stored(StoredLayer)
    /// Store paths that were not looked into, by the size of their NARs: enough for a plan, not for an image.
    case outline(size: Int64)

    /// The size of the tar in bytes, its end and padding included; that of the blob for a stored layer that is compressed
    /// and was not looked into.
    public var size: Int64 {
        switch self {
        case .stored(let layer): layer.tarSize ?? layer.blob.descriptor.size
        case .recipe(let recipe): recipe.size
        case .remembered(let content): content.size
        case .outline(let size): size
        }
    }

    /// The digest of the tar, if it is known.
    public var diffID: Digest? {
        switch self {
        case .recipe, .outline: nil
        case .remembered(let content): content.diffID
        case .stored(let layer): layer.blob.diffID
        }
    }

    /// What an earlier build has found out of the tar, if its bytes were not looked at since.
    var remembered: LayerMeasure? {
        guard case .remembered(let content) = self else { return nil }
        return content.measure
    }

    /// What is known of the tar without its bytes.
    var known: LayerMeasure? { remembered ?? diffID.map { LayerMeasure(diffID: $0, size: size) } }

    /// The recipe; of a remembered tar it is made now.
    ///
    /// - Throws: ``RememberedContent/Outdated`` if the files have another size than what is remembered; what the files'
    ///   source throws.
    package func recipe() throws -> LayerRecipe {
        switch self {
        case .recipe(let recipe): recipe
        case .remembered(let content): try content.recipe()
        // Whoever packs it compares the digest.
        case .stored(let layer): LayerRecipe(tar: try layer.unverifiedBytes())
        case .outline: preconditionFailure("An image cannot be made from the outline of a plan")
        }
    }

    /// Compares what was produced with the digest that the content should have.
    ///
    /// - Throws: ``RememberedContent/Outdated``; ``ImageStorageFailure`` for a stored layer that has changed.
    func verify(_ layer: PackedLayer) throws {
        guard let diffID, diffID != layer.diffID else { return }
        if case .stored(let stored) = self {
            let reason = ImageStorageFailure.Reason.digestMismatch(
                name: "tar",
                expected: diffID,
                actual: layer.diffID
            )
            throw ImageStorageFailure(reason, path: stored.name)
        }
        throw RememberedContent.Outdated(diffID: diffID)
    }
}

/// A tar whose digest was remembered.
public struct RememberedContent: Sendable {
    /// What is remembered is no longer true.
    package struct Outdated: Error, CustomStringConvertible {
        /// The digest that is wrong.
        package let diffID: Digest

        /// One sentence for the person, and what to do.
        package var description: String {
            "The layer \(diffID) is not what was remembered of it\nhint: try again: it is forgotten now"
        }
    }

    /// What is remembered of the tar.
    public let measure: LayerMeasure
    private let make: @Sendable () throws -> LayerRecipe

    /// A tar that was measured, and the way to its recipe.
    package init(_ measure: LayerMeasure, recipe make: @escaping @Sendable () throws -> LayerRecipe) {
        self.measure = measure
        self.make = make
    }

    /// The digest of the tar.
    public var diffID: Digest { measure.diffID }
    /// The size of the tar in bytes.
    public var size: Int64 { measure.size }

    func recipe() throws -> LayerRecipe {
        let recipe = try make()
        guard recipe.size == size else { throw Outdated(diffID: diffID) }
        return recipe
    }
}
