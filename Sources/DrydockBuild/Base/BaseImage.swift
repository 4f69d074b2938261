// SPDX-License-Identifier: Apache-2.0

public import DrydockOCI
import DrydockPackages

/// The image that another one is built on: its layers, and what is inherited of its configuration.
struct BaseImage: Sendable {
    /// What it is called in messages.
    let label: String
    /// The layers, the lowest first.
    let layers: [LayerPlan.Layer]
    /// The configuration with its history, in which exactly one step is for each layer.
    let configuration: ImageConfiguration
    /// What the person should know of it.
    var warnings: [String] = []
    /// What was found out of it, and is nothing to worry about.
    var notes: [String] = []

    /// What a container of it sees.
    func tree() async throws -> [TreeEntry] { try await layers.tree() }
}

extension LayerPlan {
    /// What a container of the image sees.
    func tree() async throws -> [TreeEntry] { try await layers.tree() }
}

extension [LayerPlan.Layer] {
    fileprivate func tree() async throws -> [TreeEntry] {
        try await ImageTree.tree(of: map(\.content), names: map(\.name))
    }
}

extension LayerPlan.Layer {
    /// What it is called in messages.
    fileprivate var name: String {
        if case .stored(let layer) = content { layer.name } else { createdBy }
    }
}

/// Why an image cannot be built on another one.
public enum BaseImageFailure: Error, Equatable, CustomStringConvertible {
    /// Specs that are each other's base images.
    case cycle(String)
    /// More specs on top of each other than anyone needs.
    case tooDeep(limit: Int)
    /// There is no room for layers above those of the base image.
    case tooManyLayers(base: String, count: Int, maxLayers: Int)
    /// Both the location and a key of its own name the image.
    case namedTwice(String)
    /// The other spec is for another platform.
    case platform(String, wanted: Platform, actual: Platform)
    /// The reference has no digest, and one is asked for; the second text has it.
    case notLocked(String, pinned: String)
    /// The image is in a registry, and there is no place to fetch it into.
    case noStore(String)

    /// One sentence for the person, and what to do.
    public var description: String {
        switch self {
        case .cycle(let path):
            "Cannot build on '\(path)': that spec is built on this one"
        case .tooDeep(let limit): "Cannot build on more than \(limit) specs on top of each other"
        case .tooManyLayers(let base, let count, let maxLayers):
            "Cannot put layers on top of the \(count) layers of \(base): maxLayers is \(maxLayers)\n"
                + "hint: set maxLayers to a higher number, at most \(ImageSpec.mostLayers), or squash: true"
        case .namedTwice(let location):
            "'\(location)' names the base image, and so do 'fromImageName' and 'fromImageTag'\nhint: keep one of the two"
        case .platform(let path, let wanted, let actual):
            "Cannot build on '\(path)': it is for \(actual), and \(wanted) is wanted\n"
                + "hint: set architecture and variant to the same values in both specs"
        case .notLocked(let reference, let pinned):
            "Cannot use '\(reference)' with --locked: it has no digest\nhint: write '\(pinned)'"
        case .noStore(let reference):
            "Cannot use '\(reference)': there is no place that it can be fetched into\n"
                + "hint: name a directory with --cache"
        }
    }
}
