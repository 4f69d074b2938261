// SPDX-License-Identifier: Apache-2.0

/// A way to divide items over layers.
///
/// Each is described, with an example, at the type that does it.
public enum LayeringAlgorithm: Hashable, Sendable {
    /// Keeps what the previous image has and groups the rest by how its changes spread.
    case stable
    /// The biggest items first, each with what only it needs: ``SizeFirstLayering``.
    case sizeFirst
    /// What most others reach first: ``PopularityLayering``.
    case popularity
    /// Every item apart, as far as the limit allows: ``PerPathLayering``.
    case perPath
    /// Everything together.
    case single
    /// What a description in the pipeline language says: ``LayeringPipeline``.
    case pipeline(LayeringPipeline)

    /// The algorithms that need no description, in the order in which help lists them.
    public static let named: [LayeringAlgorithm] = [.stable, .sizeFirst, .popularity, .perPath, .single]

    /// The algorithm that a spec calls so; nil if there is none, or if it needs a description.
    public init?(name: String) {
        guard let algorithm = LayeringAlgorithm.named.first(where: { $0.name == name }) else { return nil }
        self = algorithm
    }

    /// The algorithm's name in a spec.
    public var name: String {
        switch self {
        case .stable: "stable"
        case .sizeFirst: "sizeFirst"
        case .popularity: "popularity"
        case .perPath: "perPath"
        case .single: "single"
        case .pipeline: "layeringPipeline"
        }
    }
}
