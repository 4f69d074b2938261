// SPDX-License-Identifier: Apache-2.0

/// Puts what changes together into one layer, and keeps the layers of the previous image.
///
/// A layer is sent again when any path in it changed, and a path changes when anything changed that it reaches. So the
/// algorithm looks for layers whose paths have the same causes to change, weighs them by their bytes, and leaves alone what
/// need not be sent again.
///
/// *Input.* A graph of items with sizes; what is known of their origins and of which are one's own; the number of layers;
/// optionally the paths of each layer of the previous image.
///
/// *Model.* An update is a build of one's own code (8 of 10) or a bump of what comes from elsewhere (2 of 10). In either an
/// item stays as it is with a probability that depends on its kind, independently of the others; ``ChangeModel`` has the
/// numbers. A layer stays if everything stays that its items reach. It costs (its bytes + 64 KiB) · P(it changes).
///
/// *Steps.*
/// 1. Outputs of one derivation, and items that refer to each other in a circle, become one unit: they change together.
/// 2. A layer of the previous image stays, with its items and its place, if all of its paths are still there. Only the rest,
///    the pool, is put into the layers that are left. If none are left, the smallest of the old layers joins the pool.
/// 3. Every unit of the pool is a group; of more than 500 the smallest are put into bins of equal probability.
/// 4. Those two groups are merged whose union adds least to the cost, until the groups fit; further while that lowers the cost.
///    Volatile units (one's own; or, when these are not known, roots and what only roots refer to) share no group with others,
///    and roots none with each other, unless they are more than half of the layers and not everything fits.
/// 5. The new layers are put on top of the old ones, first the one that adds least to the probability that something below
///    the next layer changes, for its bytes: Docker's storage drivers fetch everything above a changed layer again. Volatile
///    ones come last.
/// 6. In a layer items are in the order of the bytes of their paths: the same items are the same layer, whatever came before.
///
/// *Example.* `conf` (20 kB, own, the root) refers to `app` (24 MB, own) and bash (1.5 MB); `app` to `applib` (2 MB, own),
/// bash, python (110 MB) and cacert; python to openssl (6 MB), ncurses (12 MB), sqlite and zlib; everything reaches glibc
/// (30 MB), which refers to idn. Five layers: `glibc idn`, `python sqlite zlib`, `bash cacert ncurses openssl`, `app applib`,
/// `conf`. What changes sqlite or zlib changes python as well, so with python they cost nothing but their own bytes; with a
/// sixth layer `applib` has one of its own. When `conf` and `app` change, the first three layers stay and 26 MB are sent. When
/// openssl does, python does too, and `glibc idn` stays, since glibc does not reach openssl.
///
/// *Cost.* About n² steps for up to 500 groups, then (V / 512) · (V + E) for what reaches what; memory in proportion to
/// V + E. The same on every machine: sums and products run in a fixed order and no function of the C library takes part.
///
/// *Rejected* (`docs/layering.md` has the reasons at length and the measurements):
/// - *Rules by size or popularity*: the layer with the application also holds much that never changes.
/// - *Probabilities of items as if independent*: a layer of an application and its libraries is far less volatile than that says.
/// - *Cutting the order by probability into intervals*: no better, though the best of such cuts can be computed.
/// - *Planning from nothing every time with rates that were learned*: rates drift, and everything moves with them.
public struct StableLayering: Sendable {
    private let graph: ReferenceGraph
    private let limit: Int
    private let previous: [[String]]

    /// A division of a graph's items.
    ///
    /// `previous` has the paths of each layer of the previous image, the lowest layer first. Paths that are gone, empty layers,
    /// more layers than the limit and a path in two of them are no errors.
    ///
    /// - Precondition: `limit` is at least 1.
    public init(graph: ReferenceGraph, limit: Int, previous: [[String]] = []) {
        precondition(limit >= 1, "There is no layer for the items")
        self.graph = graph
        self.limit = limit
        self.previous = previous
    }

    /// The layers, the lowest first.
    ///
    /// Every item is in exactly one of them, none is empty, and there are at most as many as allowed.
    public func groups() -> [LayerGroup] {
        graph.nodes.isEmpty ? [] : StablePlan(graph: graph).layers(limit: limit, previous: previous)
    }
}
