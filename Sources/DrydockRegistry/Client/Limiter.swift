// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets a bounded number of tasks through at once; the others wait in their order.
final class Limiter: Sendable {
    private struct Waiting: Sendable {
        let number: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State: Sendable {
        var vacant: Int
        var nextNumber: UInt64 = 0
        var waiting: [Waiting] = []
        /// Tasks that were cancelled before they began to wait.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    init(width: Int) { state = Mutex(State(vacant: width)) }

    /// Runs `body` as soon as there is room.
    ///
    /// - Throws: What `body` throws; `CancellationError` if the task is cancelled while it waits.
    func withPermit<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await acquire()
        defer { release() }
        return try await body()
    }

    private func acquire() async throws {
        let number = state.withLock { state -> UInt64 in
            state.nextNumber += 1
            return state.nextNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                state.withLock { state in
                    if state.cancelled.remove(number) != nil {
                        continuation.resume(throwing: CancellationError())
                    } else if state.vacant > 0 {
                        state.vacant -= 1
                        continuation.resume()
                    } else {
                        state.waiting.append(Waiting(number: number, continuation: continuation))
                    }
                }
            }
        } onCancel: {
            cancel(number)
        }
        // Whoever was let through just before it was cancelled finds out by itself.
        state.withLock { _ = $0.cancelled.remove(number) }
    }

    private func cancel(_ number: UInt64) {
        let waiting = state.withLock { state -> Waiting? in
            guard let position = state.waiting.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.waiting.remove(at: position)
        }
        waiting?.continuation.resume(throwing: CancellationError())
    }

    private func release() {
        let next = state.withLock { state -> Waiting? in
            guard !state.waiting.isEmpty else {
                state.vacant += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.continuation.resume()
    }
}
