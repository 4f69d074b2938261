// SPDX-License-Identifier: Apache-2.0

/// The order of paths by their names, so that it does not change with the hashes in front of them.
///
/// Texts are compared byte by byte in UTF-8, which is the order of their code points.
struct PathOrder {
    /// The part of a path that decides first.
    enum Rule {
        /// What follows the first dash, and if that is equal what precedes it.
        ///
        /// A path without a dash is all name.
        case nameThenHash
        /// The path with what precedes the first dash moved, after another dash, to its end.
        case hashMovedToEnd
    }

    /// The rank of each path, by its position; equal paths rank by position.
    let ranks: [Int]

    /// Ranks paths.
    init(of paths: [String], by rule: Rule) {
        let keys = paths.map { PathOrder.key(of: $0, by: rule) }
        // The comparison of strings is that of their bytes, and much faster, where each character is one byte.
        let isASCII = paths.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }
        func precedes(_ first: String, _ second: String) -> Bool {
            isASCII ? first < second : first.utf8.lexicographicallyPrecedes(second.utf8)
        }
        func isBefore(_ first: Int, _ second: Int) -> Bool {
            let (a, b) = (keys[first], keys[second])
            if precedes(a.name, b.name) { return true }
            if precedes(b.name, a.name) { return false }
            if precedes(a.hash, b.hash) { return true }
            if precedes(b.hash, a.hash) { return false }
            return first < second
        }
        var ranks = Array(repeating: 0, count: paths.count)
        for (rank, position) in paths.indices.sorted(by: isBefore).enumerated() { ranks[position] = rank }
        self.ranks = ranks
    }

    private static func key(of path: String, by rule: Rule) -> (name: String, hash: String) {
        guard let dash = path.utf8.firstIndex(of: UInt8(ascii: "-")) else { return (path, "") }
        let name = path[path.utf8.index(after: dash)...]
        let hash = path[..<dash]
        return switch rule {
        case .nameThenHash: (String(name), String(hash))
        case .hashMovedToEnd: (name + "-" + hash, "")
        }
    }
}
