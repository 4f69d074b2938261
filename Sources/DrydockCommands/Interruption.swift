// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// SIGINT and SIGTERM: the first one cancels the work, which then cleans up; the second one ends the process at once.
///
/// Nothing is left behind even then: what is not complete has no name.
final class Interruption: Sendable {
    private let received = Mutex<Int32?>(nil)

    /// 128 and the signal's number, as shells report it; nil if no signal came.
    var exitCode: Int32? { received.withLock { $0.map { 128 + $0 } } }

    /// Runs `body` in a task that a signal cancels.
    func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                let isFirst = received.withLock { received in
                    defer { received = received ?? number }
                    return received == nil
                }
                if isFirst { task.cancel() } else { _exit(128 + number) }
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await task.value
    }
}
