// SPDX-License-Identifier: Apache-2.0

/// What is sent when an image is updated again and again.
struct Traffic {
    /// Bytes for a side that knows layers by their digests: a registry, containerd, podman.
    private(set) var byDigest = 0.0
    /// Bytes for a side that keeps a layer only while all layers below it are the same: Docker's storage drivers.
    private(set) var byChain = 0.0
    /// The most layers that an image had.
    private(set) var mostLayers = 0

    /// The traffic of a history; the first image is not counted, as everything must be sent.
    init(of history: History, planner: Planner, limit: Int) throws {
        var known: Set<Set<String>> = []
        var previous: Planner.Layers = []
        var below: [Set<String>] = []
        for (number, image) in history.images.enumerated() {
            let layers = try planner.layers(image, limit, previous)
            mostLayers = max(mostLayers, layers.count)
            let sizes = Self.sizes(of: layers, in: image)
            let contents = layers.map { Set($0) }
            for (content, size) in zip(contents, sizes) where known.insert(content).inserted && number > 0 {
                byDigest += size
            }
            let common = zip(contents, below).prefix { $0 == $1 }.count
            if number > 0 { byChain += sizes[common...].reduce(0, +) }
            previous = layers
            below = contents
        }
    }

    private static func sizes(of layers: Planner.Layers, in image: History.Image) -> [Double] {
        let paths = layers.joined()
        precondition(paths.count == image.sizes.count, "A path is lost, or in two layers")
        precondition(Set(paths).count == image.sizes.count, "A path is in two layers")
        return layers.map { $0.reduce(0) { $0 + image.sizes[$1, default: 0] } }
    }
}
