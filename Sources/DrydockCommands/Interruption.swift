// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: the first one cancels the work, which then cleans up; the second one ends the process at
/// once, and so does the first while the process waits for its input.
///
/// Nothing is left behind even then: what is not complete has no name.
final class Interruption: Sendable {
    private struct State {
        var received: Int32?
        var receiver: (@Sendable (Int32) -> Void)?
        /// How many parts of the work wait for ever for somebody else and have nothing to clean up.
        var waiting = 0
    }

    /// That of the work which this task belongs to.
    @TaskLocal static var current: Interruption?

    private let state = Mutex(State())

    /// 128 and the signal's number, as shells report it; nil if no signal came.
    var exitCode: Int32? { state.withLock { $0.received.map { 128 + $0 } } }

    /// From now on signals are for somebody else, and cancel nothing.
    func handOver(to receiver: @escaping @Sendable (Int32) -> Void) {
        state.withLock { $0.receiver = receiver }
    }

    /// Runs what may wait for ever for somebody else and has nothing to clean up, such as reading standard input: the
    /// first signal ends the process then.
    static func whileWaiting<Result>(_ body: () throws -> Result) rethrows -> Result {
        current?.state.withLock { $0.waiting += 1 }
        defer { current?.state.withLock { $0.waiting -= 1 } }
        return try body()
    }

    /// Runs `body` in a task that a signal cancels.
    func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await Self.$current.withValue(self) { try await body() } }
        let sources = Self.handled().map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in receive(number, task) }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await task.value
    }

    private func receive(_ number: Int32, _ task: Task<Void, any Error>) {
        if let receiver = state.withLock({ $0.receiver }) { return receiver(number) }
        let isFirst = state.withLock { state -> Bool in
            defer { state.received = state.received ?? number }
            return state.received == nil && state.waiting == 0
        }
        if isFirst { task.cancel() } else { _exit(128 + number) }
    }

    /// The signals that are handled; of SIGHUP only what nohup(1) has not turned off.
    private static func handled() -> [Int32] {
        var present = sigaction()
        unsafe sigaction(SIGHUP, nil, &present)
        let handler = unsafe unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self)
        return handler == 1 ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    }
}
