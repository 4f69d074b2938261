// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts what was packed so far, from any task; whoever draws a bar asks it now and then.
public final class ProgressCounter: Sendable {
    private let count = Atomic<Int64>(0)
    private let compressedCount = Atomic<Int64>(0)
    private let finished = Atomic<Bool>(false)
    private let layerPacked: @Sendable (Int) -> Void

    /// Starts at zero.
    ///
    /// - Parameter layerPacked: Called with the number of each layer, from 0, as soon as its digests are known.
    public init(layerPacked: @escaping @Sendable (Int) -> Void = { _ in }) { self.layerPacked = layerPacked }

    /// The number of bytes of all tars so far.
    public var bytes: Int64 { count.load(ordering: .relaxed) }

    /// The bytes of store paths that were compressed so far; what was kept from an earlier time is not among them.
    public var compressedBytes: Int64 { compressedCount.load(ordering: .relaxed) }

    /// Whether ``finish()`` was called.
    public var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// Says that no more will come.
    public func finish() { finished.store(true, ordering: .releasing) }

    func add(_ bytes: Int) { count.add(Int64(bytes), ordering: .relaxed) }

    func didCompress(_ bytes: Int64) { compressedCount.add(bytes, ordering: .relaxed) }

    func didPack(layer number: Int) { layerPacked(number) }
}
