// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import Foundation
import GRDB
import Glibc

extension LocalStore {
    /// All remembered layers, what was used last first.
    ///
    /// - Throws: ``LocalStoreFailure``.
    public func layers() throws -> [RememberedLayer] {
        try reading { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT \(LayerRow.columns) FROM layer ORDER BY used DESC, key"
            )
            var layers: [RememberedLayer] = []
            while let row = try rows.next() { layers.append(try LayerRow(row).layer) }
            return layers
        }
    }

    /// What a removal has done.
    public struct Removal: Hashable, Sendable {
        /// The layers that were forgotten.
        public let removed: [RememberedLayer]
        /// The number of layers that are still remembered.
        public let remaining: Int
        /// The bytes that the store takes less on disk; what other processes add meanwhile is not counted in.
        public let freed: Int64

        /// Nothing was there to be removed.
        public static let nothing = Removal(removed: [], remaining: 0, freed: 0)
    }

    /// Forgets layers, and removes a damaged database that was kept.
    ///
    /// - Parameter isUnwanted: Asked once for each remembered layer.
    /// - Returns: What was forgotten, and what that has freed.
    /// - Throws: ``LocalStoreFailure``.
    public func removeLayers(where isUnwanted: (RememberedLayer) -> Bool) throws -> Removal {
        let before = try usingDatabase { _ in size }
        let removed = try layers().filter(isUnwanted)
        try remove(removed)
        _ = unsafe unlink(damagedPath)
        let remaining = try reading { try Int.fetchOne($0, sql: "SELECT count(*) FROM layer") ?? 0 }
        if !removed.isEmpty { try usingDatabase { $0.shrink() } }
        return Removal(removed: removed, remaining: remaining, freed: max(0, before - size))
    }

    /// Forgets layers, unless they were remembered anew with other measures.
    private func remove(_ layers: [RememberedLayer]) throws {
        guard !layers.isEmpty else { return }
        try writing { database in
            let statement = try database.cachedStatement(
                sql: "DELETE FROM layer WHERE key = ? AND diff_id = ? AND size = ?"
            )
            for layer in layers {
                try statement.execute(
                    arguments: [Data(layer.key.digest.bytes), Data(layer.diffID.bytes), layer.size]
                )
            }
        }
    }

    /// The bytes that the store takes on disk.
    private var size: Int64 {
        [path, path + "-wal", damagedPath].reduce(0) { sum, path in
            sum + ((try? FileStatus(of: path, followingLinks: false).size) ?? 0)
        }
    }
}

extension LocalStore {
    /// What became of one remembered layer when it was made anew.
    public struct Verification: Sendable {
        /// What was found.
        public enum Outcome: Sendable {
            /// The layer is what was remembered.
            case right
            /// It has another digest or size; it is no longer remembered.
            case wrong(actual: LayerMeasure)
            /// What it is made of is not there any more, or not what it was.
            case absent
            /// It could not be made.
            case failed(any Error)
        }

        /// The layer as it was remembered.
        public let layer: RememberedLayer
        /// What was found.
        public let outcome: Outcome
    }

    /// Checks the whole database, makes every remembered layer anew, and forgets those that come out differently.
    ///
    /// - Parameters:
    ///   - width: How many layers are made at once.
    ///   - recomputing: Makes a layer's tar and gives its digest and size; nil when its store paths are gone.
    ///   - report: Told of each layer, what was used last first.
    /// - Throws: ``LocalStoreFailure``, `CancellationError`, and what `report` throws; what `recomputing` throws is
    ///   reported.
    public func verify(
        width: Int = 1,
        recomputing: @escaping @Sendable (RememberedLayer) async throws -> LayerMeasure?,
        report: (Verification) throws -> Void
    ) async throws {
        try checkIntegrity()
        let layers = try layers()
        // The largest first, so that no thread is left with one at the end.
        let order = layers.indices.sorted { layers[$0].size > layers[$1].size }
        var outcomes = [Verification.Outcome?](repeating: nil, count: layers.count)
        try await withThrowingTaskGroup(of: (Int, Verification.Outcome).self) { group in
            for (started, number) in order.enumerated() {
                if started >= width, let (done, outcome) = try await group.next() { outcomes[done] = outcome }
                let layer = layers[number]
                group.addTask { (number, try await Self.outcome(of: layer, recomputing)) }
            }
            for try await (done, outcome) in group { outcomes[done] = outcome }
        }
        for (layer, outcome) in zip(layers, outcomes) {
            guard let outcome else { continue }
            if case .wrong = outcome { try remove([layer]) }
            try report(Verification(layer: layer, outcome: outcome))
        }
    }

    private static func outcome(
        of layer: RememberedLayer,
        _ recomputing: @Sendable (RememberedLayer) async throws -> LayerMeasure?
    ) async throws -> Verification.Outcome {
        try Task.checkCancellation()
        do {
            guard let actual = try await recomputing(layer) else { return .absent }
            return actual.agrees(with: layer.measure) ? .right : .wrong(actual: actual)
        } catch is CancellationError {
            throw CancellationError()
        } catch { return .failed(error) }
    }

    /// Lets SQLite look at every page.
    private func checkIntegrity() throws {
        try reading { database in
            let answer = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
            guard answer == "ok" else { throw LayerRow.Damage() }
        }
    }
}
