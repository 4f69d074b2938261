// SPDX-License-Identifier: Apache-2.0

/// The annotation of a layer's descriptor that tells which store paths the layer holds.
///
/// Its value is the paths with a space between two of them: no store path has one in its name. The history of the image's
/// configuration tells the same of every layer; the annotation tells it to whoever has the manifest alone.
enum StorePathAnnotation {
    /// The key.
    static let key = "dev.drydock.storePaths"

    /// The length in bytes from which on a list is left to the history: some 400 paths.
    ///
    /// Registries refuse manifests of more than 4 MiB, and so do many clients; 127 layers, the most that Docker's storage
    /// takes, stay below that whatever they hold.
    static let maximumLength = 24 << 10

    /// The annotations of a layer with these store paths; none if the list is too long, or if it has no paths.
    static func annotations(for paths: [String]) -> [String: String]? {
        let value = paths.joined(separator: " ")
        return value.isEmpty || value.utf8.count > maximumLength ? nil : [key: value]
    }

    /// The store paths that annotations tell; nil if they tell none.
    static func paths(in annotations: [String: String]?) -> [String]? {
        annotations?[key].map { $0.split(separator: " ").map(String.init) }
    }
}
