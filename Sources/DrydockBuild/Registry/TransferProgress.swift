// SPDX-License-Identifier: Apache-2.0

public import DrydockOCI
import Synchronization

/// Counts what was transferred so far, from any task.
public final class TransferProgress: Sendable {
    /// What became of a blob.
    public enum Outcome: String, Hashable, Sendable {
        /// It was there already.
        case present
        /// The registry took it over from another repository.
        case mounted
        /// Its bytes were transferred.
        case transferred
    }

    private let count = Atomic<Int64>(0)
    private let finished = Atomic<Bool>(false)
    private let report: @Sendable (Descriptor, Outcome) -> Void

    /// Starts at zero.
    ///
    /// - Parameter report: Called for each blob as soon as it is where it should be.
    public init(report: @escaping @Sendable (Descriptor, Outcome) -> Void = { _, _ in }) { self.report = report }

    /// The bytes so far, those that were there already included.
    public var bytes: Int64 { count.load(ordering: .relaxed) }

    /// Whether ``finish()`` was called.
    public var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// Says that no more will come.
    public func finish() { finished.store(true, ordering: .releasing) }

    func add(_ bytes: Int64) { count.add(bytes, ordering: .relaxed) }

    func skip(_ blob: Descriptor, _ outcome: Outcome = .present) {
        add(blob.size)
        report(blob, outcome)
    }

    func finish(_ blob: Descriptor) { report(blob, .transferred) }
}
