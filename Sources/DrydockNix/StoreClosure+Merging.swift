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
        let places = Dictionary(uniqueKeysWithValues: zip(objects.map(\.path), objects.indices))
        var isReached = Array(repeating: false, count: objects.count)
        var pending = roots
        while let path = pending.popLast() {
            guard let place = places[path] else { return nil }
            guard !isReached[place] else { continue }
            isReached[place] = true
            pending += objects[place].references
        }
        return StoreClosure(complete: objects.indices.filter { isReached[$0] }.map { objects[$0] })
    }
}
