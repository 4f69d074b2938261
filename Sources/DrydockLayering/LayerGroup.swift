// SPDX-License-Identifier: Apache-2.0

/// The items of one layer.
public struct LayerGroup: Hashable, Sendable {
    /// Why the items are together.
    public enum Reason: Hashable, Sendable {
        /// The layer holds one item that the algorithm chose to keep apart.
        case alone
        /// Everything that no other layer holds.
        case remainder
    }

    /// The positions of the items in the graph, in the order in which the layer holds them.
    public var items: [Int]
    /// Why they are together.
    public var reason: Reason

    /// A group of items.
    public init(items: [Int], reason: Reason) {
        self.items = items
        self.reason = reason
    }
}
