// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody meant by a misspelled name.
package enum EditDistance: Sendable {
    /// The nearest of some names: the same but for the case of letters, else one that goes
    /// on where the text ends, else one with at most one mistake in three letters.
    package static func nearest(to text: String, in names: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let wanted = text.lowercased()
        if let same = names.first(where: { $0.lowercased() == wanted }) { return same }
        if text.utf8.count >= 6, let longer = names.first(where: { $0.lowercased().hasPrefix(wanted) }) {
            return longer
        }
        let limit = max(1, text.utf8.count / 3)
        let ranked = names.map { ($0, distance(Array(wanted.utf8), Array($0.lowercased().utf8))) }
        return ranked.filter { $0.1 <= limit && $0.1 < $0.0.utf8.count }.min { $0.1 < $1.1 }?.0
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours between two texts.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isEqual = left[row] == right[column]
                var best = min(last[column] + (isEqual ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
