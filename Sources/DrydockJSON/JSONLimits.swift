// SPDX-License-Identifier: Apache-2.0

/// How much a document may ask for before it is refused.
public struct JSONLimits: Hashable, Sendable {
    /// How deep arrays and objects may be nested; known documents need less than ten.
    public static let depth = 64

    /// The largest document that is read, in bytes.
    public let bytes: Int
    /// How many values it may hold, so that a small document cannot ask for much memory.
    public let values: Int

    /// For documents of images.
    ///
    /// Registries refuse larger manifests.
    /// [Distribution specification, Pushing Manifests](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests).
    public static let document = JSONLimits(bytes: 4 << 20, values: 1 << 17)

    /// Limits for documents of another kind.
    public init(bytes: Int, values: Int) {
        self.bytes = bytes
        self.values = values
    }
}
