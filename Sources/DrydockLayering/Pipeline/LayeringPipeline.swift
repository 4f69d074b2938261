// SPDX-License-Identifier: Apache-2.0

/// Functions that take a graph apart, one after the other, until its parts are the layers.
///
/// This is the language of the argument `layeringPipeline` of dockerTools: a list of `[function, argument…]`.
///
/// *Input.* A graph whose vertices are the items by ascending size; of equal sizes the one earlier in the input comes first.
/// References of an item to itself are left out.
///
/// *Values.* A function takes a graph, a list or a dictionary and returns one of them. A dictionary's keys have an order.
///
/// | function | takes | returns |
/// |---|---|---|
/// | `popularity_contest` | graph | a list with a graph for each vertex, the most popular first (``PopularityLayering``) |
/// | `split_every n` | graph | a list of graphs of n vertices each, the last may have fewer |
/// | `limit_layers n` | list | its first n − 1 elements and, merged, the others |
/// | `reverse` | list | its elements from the last to the first |
/// | `flatten` | list, dictionary | the graphs in it, however deep, in order |
/// | `remove_paths p` or `[p…]` | graph | without these vertices; unknown paths change nothing |
/// | `subcomponent_out [p…]` | graph | `main`: these vertices and what they reach; `rest`: the others |
/// | `subcomponent_in [p…]` | graph | `main`: these vertices and what reaches them; `rest`: the others |
/// | `split_paths [p or {children_of: p or [p…]}…]` | graph | `main`, `common`, `rest`, as described below |
/// | `map f` | list | what `f` makes of each element |
/// | `over key f` | dictionary | the same with what `f` makes of the element at the key |
/// | `pipe [f…]` | what its first function takes | what its last function returns |
/// | `reorder [key…]` | dictionary | the same with these keys first, in this order; unknown keys change nothing |
///
/// `split_paths` deletes the edges into the named vertices (`children_of` names those that a vertex refers to). Then
/// `main` is what the named vertices reach and the roots do not; `common` is what both reach; `rest` is what only the roots
/// reach. Empty parts are left out. If no vertex is named, the whole graph is `rest`; if the graph has one root and
/// that is named, the whole graph is `main`. The parts keep the graph's edges except for the deleted ones.
///
/// *Result.* What the last function returns, flattened: each graph that is not empty is a layer, its items in the order
/// of the vertices. Items that `remove_paths` removed are in no layer.
///
/// *Circles of references*, which a store cannot have, count as one root of `split_paths` if nothing else leads to them;
/// of such a circle the first vertex counts as the root.
///
/// *Example.* A (size 3) refers to B (2), C (1); B to C.
/// `[["split_paths", ["B"]], ["over", "main", ["split_every", 1]]]` makes the layers B | C | A: the edge A→B is deleted,
/// `main` is {B} and `common` is {C}, because A refers to it as well.
public struct LayeringPipeline: Hashable, Sendable {
    /// One function with its arguments.
    public enum Step: Hashable, Sendable {
        /// Takes each vertex apart, the most popular first.
        case popularityContest
        /// Merges all elements from this one on, counted from 1.
        case limitLayers(Int)
        /// Cuts the vertices into runs of this length.
        case splitEvery(Int)
        /// Turns a list round.
        case reverse
        /// Makes one list of the graphs.
        case flatten
        /// Takes items out of the image.
        case removePaths([String])
        /// Does a step on each element.
        indirect case map(Step)
        /// Does a step on the element at a key.
        indirect case over(key: String, Step)
        /// Does steps one after the other.
        case pipe([Step])
        /// Parts what these paths reach.
        case subcomponentOut([String])
        /// Parts what reaches these paths.
        case subcomponentIn([String])
        /// Parts what these paths alone reach.
        case splitPaths([PathSelection])
        /// Puts keys in an order.
        case reorder([String])
    }

    /// Vertices that `split_paths` splits off.
    public enum PathSelection: Hashable, Sendable {
        /// The vertex with this path.
        case path(String)
        /// The vertices that the vertices with these paths refer to.
        case childrenOf([String])
    }

    /// The functions, the first is done first.
    public var steps: [Step]

    /// A pipeline of steps.
    public init(steps: [Step]) {
        self.steps = steps
    }
}
