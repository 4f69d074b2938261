// SPDX-License-Identifier: Apache-2.0

/// Time and chance for a client; tests hand in their own.
public struct RegistryClock: Sendable {
    /// The time.
    public var now: @Sendable () -> ContinuousClock.Instant
    /// Waits; throws when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// A number from 0 up to 1, so that clients which failed together do not come back together.
    public var jitter: @Sendable () -> Double

    /// A clock of given functions.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// This machine's time.
    public static let system = RegistryClock(
        now: { ContinuousClock.now },
        sleep: { try await Task.sleep(for: $0) },
        jitter: { Double.random(in: 0..<1) }
    )
}
