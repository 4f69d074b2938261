// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The local store as a build sees it: whatever is wrong with it costs time and a warning, never the build.
///
/// The store is opened when something is asked of it: a build without layers of store paths does not touch it.
/// The functions wait for the disk: call them on a `BlockingPool`.
public final class LayerMemory: Sendable {
    private struct State: Sendable {
        var warnings: [LocalStoreWarning] = []
        var isUsable: Bool
    }

    private let store: LocalStore?
    private let state: Mutex<State>

    /// A memory that is kept in a store, or, without one, none at all.
    public init(_ store: LocalStore?) {
        self.store = store
        state = Mutex(State(isUsable: store != nil))
    }

    /// Whether something may be found here.
    public var isUsable: Bool { state.withLock(\.isUsable) }

    /// The store itself; nil when it cannot be used.
    public var usableStore: LocalStore? { isUsable ? store : nil }

    /// Where compressed forms of store paths are kept; nil when the store cannot be used.
    public var fragments: LocalFragments? { usableStore.map(LocalFragments.init) }

    /// Where results of scripts are kept; nil when the store cannot be used.
    public var results: LocalResults? { isUsable ? store.map(LocalResults.init) : nil }

    /// What a person should know of the store so far.
    public var warnings: [LocalStoreWarning] { (store?.warnings ?? []) + state.withLock(\.warnings) }

    /// What is remembered of some layers; nothing when the store cannot be used.
    public func lookup(_ keys: [LayerKey]) -> [LayerKey: RememberedLayer] {
        guard !keys.isEmpty else { return [:] }
        return attempt(LocalStoreWarning.notUsed) { try $0.lookup(keys) } ?? [:]
    }

    /// Remembers layers of a complete image, and that it used others.
    public func remember(_ layers: [LayerKey: LayerMeasure], used: [LayerKey] = []) {
        guard !layers.isEmpty || !used.isEmpty else { return }
        attempt(LocalStoreWarning.notRemembered) { try $0.remember(layers, used: used) }
    }

    /// Forgets layers of which the build has noticed that what is remembered is not true.
    public func forget(_ keys: [LayerKey]) {
        guard !keys.isEmpty else { return }
        attempt(LocalStoreWarning.notRemembered) { try $0.forget(keys) }
    }

    /// Gives up at the first failure, so that it is reported once and waited for once.
    @discardableResult
    private func attempt<Result>(
        _ warning: (LocalStoreFailure) -> LocalStoreWarning,
        _ body: (LocalStore) throws -> Result
    ) -> Result? {
        guard let store, isUsable else { return nil }
        do { return try body(store) } catch {
            let failure =
                error as? LocalStoreFailure ?? LocalStoreFailure(.refused("\(error)"), path: store.directory)
            state.withLock { state in
                state.isUsable = false
                state.warnings.append(warning(failure))
            }
            return nil
        }
    }
}
