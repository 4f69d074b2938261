// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: the first one cancels the work, which then cleans up; the second one ends the process at
/// once, and so does the first while the process waits for its input.
///
/// Nothing is left behind even then: what is not complete has no name.
final class Interruption: Sendable {
    private let received = Mutex<Int32?>(nil)
    private static let waiting = Mutex(0)

    /// Runs what may wait for ever for somebody else and has nothing to clean up, such as reading standard input.
    static func endingAtOnce<Result, Failure>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        waiting.withLock { $0 += 1 }
        defer { waiting.withLock { $0 -= 1 } }
        return try body()
    }

    /// The signals that are handled; of SIGHUP only what nohup(1) has not turned off.
    private static func handled() -> [Int32] {
        let previous = unsafe signal(SIGHUP, SIG_IGN)
        let isIgnored = unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        return [SIGINT, SIGTERM] + (isIgnored ? [] : [SIGHUP])
    }

    /// 128 and the signal's number, as shells report it; nil if no signal came.
    var exitCode: Int32? { received.withLock { $0.map { 128 + $0 } } }

    /// Runs `body` in a task that a signal cancels.
    func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await body() }
        let sources = Self.handled().map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                let isFirst = received.withLock { received in
                    defer { received = received ?? number }
                    return received == nil
                }
                let isWaiting = Self.waiting.withLock { $0 > 0 }
                if isFirst, !isWaiting { task.cancel() } else { _exit(128 + number) }
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await task.value
    }
}
