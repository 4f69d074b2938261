// SPDX-License-Identifier: Apache-2.0

/// What is put into layers: items with sizes that refer to each other, as the store paths of a closure do.
///
/// Plain values: a planner sees nothing else, so the same graph gives the same layers on every machine.
public struct ReferenceGraph: Hashable, Sendable {
    /// One item.
    public struct Node: Hashable, Sendable {
        /// The item's name; of store paths the absolute path.
        ///
        /// No two nodes of a graph have the same.
        public var path: String
        /// The number of bytes that it adds to a layer; for store paths the NAR size.
        public var size: Int64
        /// The positions of the nodes that it refers to, without repetition; it may refer to itself.
        public var references: [Int]
        /// Nodes with equal origins change together, as the outputs of one derivation do; nil when that is not known.
        public var origin: String?
        /// Whether it was made here, so that it changes with every build; false also when that is not known.
        public var isOwn: Bool

        /// An item.
        public init(
            path: String,
            size: Int64,
            references: [Int] = [],
            origin: String? = nil,
            isOwn: Bool = false
        ) {
            self.path = path
            self.size = size
            self.references = references
            self.origin = origin
            self.isOwn = isOwn
        }
    }

    /// The items; algorithms refer to them by their positions.
    public let nodes: [Node]

    /// A graph whose references all lead to nodes of it.
    ///
    /// References that are repeated count once.
    ///
    /// - Precondition: Every reference is a position in `nodes`, and no size is negative.
    public init(nodes: [Node]) {
        self.nodes = nodes.map { node in
            precondition(node.references.allSatisfy(nodes.indices.contains), "A reference leads out of the graph")
            precondition(node.size >= 0, "An item's size is negative")
            var node = node
            var seen: Set<Int> = []
            node.references.removeAll { !seen.insert($0).inserted }
            return node
        }
    }
}
