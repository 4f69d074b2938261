// SPDX-License-Identifier: Apache-2.0

extension StoreClosure {
    /// This closure and what another one has beside it.
    ///
    /// Of an object that both have, what this one says counts: the files of an upper layer hide those of a lower one.
    ///
    /// - Throws: ``Failure``, which two closures by themselves give no reason for.
    public func merging(_ lower: StoreClosure) throws(Failure) -> StoreClosure {
        let own = Set(objects.map(\.path))
        return try StoreClosure(objects + lower.objects.filter { !own.contains($0.path) })
    }

    /// What some of the objects refer to, and they themselves.
    ///
    /// - Returns: nil if one of `roots` is not in this closure.
    public func restricted(to roots: [StorePath]) -> StoreClosure? {
        let byPath = Dictionary(uniqueKeysWithValues: objects.map { ($0.path, $0) })
        var reached: [StorePath: StoreObject] = [:]
        var pending = roots
        while let path = pending.popLast() {
            guard reached[path] == nil else { continue }
            guard let object = byPath[path] else { return nil }
            reached[path] = object
            pending += object.references
        }
        return try? StoreClosure(reached.values)
    }
}
