// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage

/// Compares what two runs of a script changed.
enum ScriptComparison {
    /// The first path at which they differ, in the order of names; nil if they are equal, byte for byte.
    ///
    /// - Throws: What reading changed files throws.
    static func firstDifference(_ first: [ScriptChange], _ second: [ScriptChange]) throws -> String? {
        if try ScriptMemory.recipe(first).measure() == ScriptMemory.recipe(second).measure() { return nil }
        let (first, second) = (try digests(first), try digests(second))
        let different = Set(first.keys).union(second.keys).filter { first[$0] != second[$0] }
        // Nothing else can be left than which names are links of one file.
        return different.min() ?? first.keys.min()
    }

    private static func digests(_ changes: [ScriptChange]) throws -> [String: Digest] {
        var digests: [String: Digest] = [:]
        for change in changes { digests["/\(change.path)"] = try ScriptMemory.recipe([change]).measure().diffID }
        return digests
    }
}
