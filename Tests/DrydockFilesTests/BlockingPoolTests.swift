// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Foundation
import Glibc
import Synchronization
import Testing

/// Threads of their own for work that blocks.
@Suite
struct BlockingPoolTests {
    /// How many tasks are at work, and the most that ever were.
    private final class Gauge: Sendable {
        private let state = Mutex((current: 0, highest: 0, threads: Set<UInt>()))

        var highest: Int { state.withLock(\.highest) }
        var threads: Set<UInt> { state.withLock(\.threads) }

        func enter() {
            let thread = UInt(pthread_self())
            state.withLock { state in
                state.current += 1
                state.highest = max(state.highest, state.current)
                state.threads.insert(thread)
            }
        }

        func leave() { state.withLock { $0.current -= 1 } }
    }

    @Test(arguments: [1, 2, 5])
    func `no more tasks run at once than there are threads`(width: Int) async throws {
        let gauge = Gauge()
        let sum = try await BlockingPool.withPool(width: width) { pool in
            #expect(pool.width == width)
            return await withTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        gauge.enter()
                        usleep(200)
                        gauge.leave()
                        return number
                    }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(sum == 4_950)
        #expect((1...width).contains(gauge.highest))
        #expect(gauge.threads.count <= width)
    }

    @Test
    func `tasks that block wait for each other when there are enough threads`() async throws {
        // Each waits until all have come: with fewer threads of their own this would never end.
        let width = 8
        let arrivals = Box()
        try await BlockingPool.withPool(width: width) { _ in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<width {
                    group.addTask {
                        arrivals.count.add(1, ordering: .sequentiallyConsistent)
                        while arrivals.count.load(ordering: .sequentiallyConsistent) < width { usleep(100) }
                    }
                }
            }
        }
    }

    @Test
    func `all work is done on the pool, from the first statement on and after each wait`() async throws {
        let gauge = Gauge()
        try await BlockingPool.withPool(width: 1) { _ in
            gauge.enter()
            for _ in 0..<50 {
                await Task.yield()
                gauge.enter()
                async let other: Void = gauge.enter()
                await other
                gauge.enter()
            }
        }
        #expect(gauge.threads.count == 1)
    }

    @Test
    func `a width below one counts as one`() async throws {
        #expect(try await BlockingPool.withPool(width: 0) { $0.width } == 1)
        #expect(try await BlockingPool.withPool(width: -3) { $0.width } == 1)
    }

    @Test
    func `errors pass through`() async {
        struct Failure: Error, Equatable {}
        await #expect(throws: Failure()) { try await BlockingPool.withPool(width: 2) { _ in throw Failure() } }
    }

    @Test
    func `cancellation reaches the work`() async throws {
        let started = AsyncStream<Void>.makeStream()
        let task = Task {
            try await BlockingPool.withPool(width: 1) { _ in
                started.continuation.yield()
                while true {
                    try Task.checkCancellation()
                    usleep(100)
                }
            }
        }
        for await _ in started.stream { break }
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
    }

    @Test
    func `the threads end with the pool`() async throws {
        let name = "pool-\(UInt32.random(in: 0...0xFFFF))"
        try await BlockingPool.withPool(width: 4) { _ in
            // All four at once, so that each thread gets the name.
            let arrivals = Box()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        // As pthread_setname_np(3) does it, which Swift does not import.
                        try? Data(name.utf8).write(to: URL(filePath: "/proc/thread-self/comm"))
                        arrivals.count.add(1, ordering: .sequentiallyConsistent)
                        while arrivals.count.load(ordering: .sequentiallyConsistent) < 4 { usleep(100) }
                    }
                }
            }
            #expect(Self.threads(named: name) == 4)
        }
        // A thread ends a moment after its last task.
        for _ in 0..<500 where Self.threads(named: name) > 0 { usleep(10_000) }
        #expect(Self.threads(named: name) == 0)
    }

    /// A count that closures can share.
    private final class Box: Sendable {
        let count = Atomic<Int>(0)
    }

    private static func threads(named name: String) -> Int {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.count { task in
            (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)) == name + "\n"
        }
    }
}
