// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc
import Synchronization

/// Threads of their own for work that blocks: file system calls, hashing, compression.
///
/// Swift's cooperative threads must never wait for a disk. A task that prefers this executor, and every child of it,
/// runs here, so that structured concurrency and cancellation work as everywhere else.
///
/// [SE-0417, Task executor preference](https://github.com/swiftlang/swift-evolution/blob/main/proposals/0417-task-executor-preference.md)
public final class BlockingPool: TaskExecutor {
    private struct State: Sendable {
        var jobs: [UnownedJob] = []
        var first = 0
    }

    /// The number of threads.
    public let width: Int
    private let state = Mutex(State())
    private let available = Semaphore()

    /// The number of processors that this process may use.
    public static var machineWidth: Int { max(1, Int(drydock_processor_count())) }

    private init(width: Int) { self.width = max(1, width) }

    /// Runs `body`, and every task below it, on `width` threads that end when `body` does.
    public static func withPool<Result: Sendable>(
        width: Int = machineWidth,
        _ body: @Sendable (BlockingPool) async throws -> Result
    ) async throws -> Result {
        let pool = BlockingPool(width: width)
        for _ in 0..<pool.width { pool.startThread() }
        defer { pool.close() }
        return try await withTaskExecutorPreference(pool) {
            // The runtime moves a running task to another executor only when it waits; until then it would go on where
            // the caller is, on a cooperative thread.
            await Task.yield()
            return try await body(pool)
        }
    }

    /// Called by the runtime: puts a piece of a task into the queue.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    private func close() {
        for _ in 0..<width { available.signal() }
    }

    private func next() -> UnownedJob? {
        available.wait()
        return state.withLock { state in
            guard state.first < state.jobs.count else { return nil }
            defer { compact(&state) }
            return state.jobs[state.first]
        }
    }

    private func compact(_ state: inout State) {
        state.first += 1
        guard state.first == state.jobs.count else { return }
        state.jobs.removeAll(keepingCapacity: true)
        state.first = 0
    }

    private func work() {
        let executor = unsafe asUnownedTaskExecutor()
        // A signal without a job comes from `close`, and only after all work is done.
        while let job = next() { unsafe job.runSynchronously(on: executor) }
    }

    private func startThread() {
        do { try HostThread { self.work() }.detach() } catch { preconditionFailure("\(error)") }
    }
}
