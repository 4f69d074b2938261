// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockPackages
import Synchronization

/// What one build has found out about mentions of store paths.
///
/// When scripts have run, contents are looked through again, and mostly they are what they were: their files need not be
/// read, and the store need not be asked, a second time.
final class KnownMentions: Sendable {
    private struct State: Sendable {
        var parts: [TreeFile: Set<HashPart>] = [:]
        var paths: [HashPart: [StorePath]] = [:]
    }

    private let state = Mutex(State())
    private let keepsParts: Bool

    /// Nothing yet.
    ///
    /// - Parameter keepsParts: Whether files will be looked through again.
    init(keepsParts: Bool) { self.keepsParts = keepsParts }

    /// What may be hash parts in a file; nil if that is not known.
    func parts(in file: TreeFile) -> Set<HashPart>? { state.withLock { $0.parts[file] } }

    /// Notes what may be hash parts in a file.
    func note(_ parts: Set<HashPart>, in file: TreeFile) {
        guard keepsParts else { return }
        state.withLock { $0.parts[file] = parts }
    }

    /// Those of the store's paths that have one of these hash parts.
    ///
    /// - Throws: As `NixStore.paths(withHashParts:)`.
    func paths(withHashParts parts: Set<HashPart>, in store: NixStore) throws -> [StorePath] {
        let new = state.withLock { state in parts.filter { state.paths[$0] == nil } }
        let found =
            new.isEmpty ? [:] : Dictionary(grouping: try store.paths(withHashParts: new), by: HashPart.init(of:))
        return state.withLock { state in
            for part in new { state.paths[part] = found[part] ?? [] }
            return parts.flatMap { state.paths[$0] ?? [] }
        }
    }
}
