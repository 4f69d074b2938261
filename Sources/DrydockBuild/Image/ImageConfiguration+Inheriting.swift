// SPDX-License-Identifier: Apache-2.0

import DrydockOCI

extension ImageConfiguration {
    /// Members of a configuration that tell how this one image was made: of one on top of it they would be untrue.
    private static let ownMembers: Set = [
        "container", "container_config", "docker_version", "id", "parent", "parent_id", "Size", "throwaway",
    ]

    /// How the names of members begin in which BuildKit keeps what it knows of its own build.
    private static let builderPrefix = "moby.buildkit."

    /// The configuration of an image on top of this one: without the new layers and their history.
    ///
    /// - Parameters:
    ///   - config: How containers of the new image run.
    ///   - created: When it was made.
    /// - Returns: What the new image starts with.
    func inherited(by config: ContainerConfiguration, created: String) -> ImageConfiguration {
        var configuration = self
        configuration.config = config
        configuration.created = created
        configuration.unknown = unknown.filter { name, _ in
            !Self.ownMembers.contains(name) && !name.hasPrefix(Self.builderPrefix)
        }
        return configuration
    }

    /// The configuration with exactly one step of its history for each layer: a longer or shorter history would shift the
    /// steps of new layers.
    func withCompleteHistory(layerCount: Int) -> ImageConfiguration {
        let known = history ?? []
        guard known.count(where: { $0.emptyLayer != true }) != layerCount else { return self }
        var configuration = self
        configuration.history = known.map(\.withoutLayer) + (0..<layerCount).map { _ in HistoryEntry() }
        return configuration
    }
}

extension ImageConfiguration.HistoryEntry {
    /// The step as one that made no layer.
    var withoutLayer: ImageConfiguration.HistoryEntry {
        var step = self
        step.emptyLayer = true
        return step
    }
}
