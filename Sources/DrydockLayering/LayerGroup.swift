// SPDX-License-Identifier: Apache-2.0

/// The items of one layer.
public struct LayerGroup: Hashable, Sendable {
    /// Why the items are together.
    public enum Reason: Hashable, Sendable {
        /// The layer holds one item that the algorithm chose to keep apart.
        case alone
        /// Everything that no other layer holds.
        case remainder
        /// Everything is in one layer.
        case everything
        /// The items at these positions, which are the nearest big ones that need the layer's items, ascending.
        ///
        /// If there is one, the layer holds it too.
        case dependenciesOf([Int])
        /// The layer holds one item, because so much leads to it.
        case popularity(PopularityScore)
        /// A step of a pipeline put them together.
        case pipeline
        /// The layer of the previous image with this number, counted from 0; all of its items are still there.
        case kept(previousLayer: Int)
        /// What changes the one also changes most of the others, or changes as rarely.
        case changesTogether
        /// It changes with most builds: it was made here, or nothing refers to it.
        case volatile
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
