// SPDX-License-Identifier: Apache-2.0

/// Where store paths are, and how far what is registered of them is trusted.
public struct StoreSettings: Hashable, Sendable {
    /// The store as Nix' `--store` names it: a directory whose `nix/store` it is, or nil for this host's.
    public var uri: String?
    /// The content of a file with the closure's graph, in a form that `ReferencesGraphFile` knows; nil asks the store.
    public var referencesGraph: [UInt8]?
    /// Whether every store path's content is compared with its registered hash before it is packed.
    public var isVerified = false
    /// Whether store paths may be looked into; a plan by a references graph does without.
    var isOpened = true

    /// The store of this host with its database, trusted.
    public init(uri: String? = nil, referencesGraph: [UInt8]? = nil, isVerified: Bool = false) {
        self.uri = uri
        self.referencesGraph = referencesGraph
        self.isVerified = isVerified
    }
}
