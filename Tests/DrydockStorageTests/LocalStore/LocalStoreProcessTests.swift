// SPDX-License-Identifier: Apache-2.0

import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Several processes and threads with one store, and processes that are killed.
@Suite
struct LocalStoreProcessTests {
    private typealias Sample = SampleLayers
    /// The number of layers that are remembered in one step.
    private static let batch = 20

    @Test
    func `processes that begin a store together all remember in it`() async throws {
        try await withTemporaryDirectory { directory in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for process in 0..<6 {
                    group.addTask {
                        await #expect(processExitsWith: .success) {
                            [directory = directory as String, process = process as Int] in
                            // Some layers are of this process alone, others of all.
                            for step in 0..<30 {
                                let store = LocalStore(at: directory, now: SampleLayers.now, patience: 60_000)
                                let own = 1_000 * (process + 1) + step
                                try store.remember(SampleLayers.layers(own..<own + 1))
                                try store.remember(SampleLayers.layers(step..<step + 10))
                                let found = try store.remembered(own..<own + 1) + store.remembered(step..<step + 10)
                                precondition(found == [own] + Array(step..<step + 10))
                                precondition(store.warnings == [])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let store = LocalStore(at: directory, now: Sample.now)
            #expect(try store.remembered(0..<100) == Array(0..<39))
            for process in 1...6 {
                let own = 1_000 * process
                #expect(try store.remembered(own..<own + 100) == Array(own..<own + 30))
            }
            #expect(store.warnings == [])
        }
    }

    @Test
    func `a process that is killed loses nothing but its last step`() async throws {
        try await withTemporaryDirectory { directory in
            // On a busy machine a step takes long: each process lives longer, and there are more until one has made one.
            for round in UInt32(1)...40 where try round <= 15 || Self.steps(directory) == 0 {
                let delay = UInt32.random(in: 0...60_000 * round)
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [directory = directory as String, delay = delay as UInt32] in
                    Thread.detachNewThread {
                        usleep(delay)
                        kill(getpid(), SIGKILL)
                    }
                    try LocalStoreProcessTests.rememberForever(in: directory)
                }
                try requireSound(directory, "killed after \(delay) µs")
            }
            #expect(try Self.steps(directory) > 0)
        }
    }

    /// Remembers one batch after the other, and writes down how many are complete.
    private static func rememberForever(in directory: String) throws {
        while true {
            let step = try steps(directory)
            let store = LocalStore(at: directory + "/cache", now: SampleLayers.now)
            try store.remember(SampleLayers.layers(step * batch..<(step + 1) * batch))
            precondition(store.warnings == [])
            try Data("\(step + 1)".utf8).write(to: URL(fileURLWithPath: directory + "/steps"), options: .atomic)
        }
    }

    /// The number of batches that are known to be complete.
    private static func steps(_ directory: String) throws -> Int {
        guard let data = FileManager.default.contents(atPath: directory + "/steps") else { return 0 }
        return try #require(Int(String(decoding: data, as: UTF8.self)))
    }

    /// Complete batches are all there; the last one is there as a whole or not at all.
    private func requireSound(_ directory: String, _ comment: Comment) throws {
        let steps = try Self.steps(directory)
        let store = LocalStore(at: directory + "/cache", now: Sample.now)
        let found = try store.remembered(0..<(steps + 2) * Self.batch)
        let whole = [steps * Self.batch, (steps + 1) * Self.batch]
        #expect(whole.contains(found.count), comment)
        #expect(found == Array(0..<found.count), comment)
        #expect(store.warnings == [], comment)
    }

    @Test
    func `threads share a store`() async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        try store.remember(SampleLayers.layers(number..<number + 1))
                        #expect(try store.remembered(number..<number + 1) == [number])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try store.remembered(0..<50) == Array(0..<40))
        }
    }
}
