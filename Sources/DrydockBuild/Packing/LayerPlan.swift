// SPDX-License-Identifier: Apache-2.0

public import DrydockOCI
import DrydockStorage

/// Which layers an image will have, before a byte of content is read.
public struct LayerPlan: Sendable {
    /// One layer: what it holds and why.
    public struct Layer: Sendable {
        /// What sort of layer it is.
        public enum Kind: String, Sendable {
            /// A layer of the base image.
            case base
            /// Packages: store paths, or an item of `contents`.
            case store
            /// What is particular to this image: `copyToRoot` and `files`.
            case customisation
        }

        /// What sort of layer it is.
        public let kind: Kind
        /// What it was made from: store paths, or else paths on this host.
        public let paths: [String]
        /// What made it, for the image's history.
        public let createdBy: String
        /// The tar, except for the content of files.
        public let content: LayerContent
        /// The store paths that it holds, in its order; empty for layers of other things.
        public var storePaths: [String] = []
        /// Why these paths are together, in words; nil if there was nothing to decide.
        public var reason: String?

        /// What its tar follows from, if its digest can be remembered.
        var key: LayerKey?

        /// The size of the tar in bytes.
        public var size: Int64 { content.size }
    }

    /// The layers, lowest first.
    public internal(set) var layers: [Layer]
    /// What the person should know, a sentence each.
    public var warnings: [String] = []
    /// What was found out, a sentence each: which image a name without a digest means.
    public internal(set) var notes: [String] = []
    /// What the image runs on.
    public internal(set) var platform = Platform.host
    /// The configuration of the base image with its history; nil without one.
    var base: ImageConfiguration?
    /// How many of the layers, from the lowest on, are those of the base image.
    var baseLayerCount = 0

    /// The size of all tars together, in bytes.
    public var size: Int64 { layers.reduce(0) { $0 + $1.size } }
}
