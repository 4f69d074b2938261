// SPDX-License-Identifier: Apache-2.0

import Dispatch
import DrydockCompression
import Synchronization
import Testing

@Suite struct ParallelCompressorTests {
    private struct Refusal: Error, Equatable {}

    /// A length of a stream, in blocks and bytes.
    struct Length: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let blocks: Int
        let extra: Int

        static let all = [
            Length(testDescription: "empty", blocks: 0, extra: 0),
            Length(testDescription: "one byte", blocks: 0, extra: 1),
            Length(testDescription: "one byte less than a block", blocks: 1, extra: -1),
            Length(testDescription: "a block", blocks: 1, extra: 0),
            Length(testDescription: "one byte more than a block", blocks: 1, extra: 1),
            Length(testDescription: "three blocks", blocks: 3, extra: 0),
        ]
    }

    @Test(arguments: CompressionFormat.written, Length.all)
    func `the bytes are those of separate blocks for any number of workers`(
        _ format: CompressionFormat,
        _ length: Length
    ) async throws {
        let input = SampleBytes.dense(length.blocks * BlockCompressor.blockSize(of: format) + length.extra)
        let expected = try BlockCompressor(format).stream(of: input)
        for workers in [1, 2, 8] {
            let stream = try await ParallelCompressor(format, workers: workers).compress(input)
            #expect(stream == expected, "\(workers) workers")
        }
        #expect(try decompress(expected, format) == input)
    }

    @Test(arguments: [1, 2, 8]) func `blocks that take unequal time stay in order`(_ workers: Int) async throws {
        // Zeros take a small part of the time of dense bytes.
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let input = (0..<12).flatMap { $0.isMultiple(of: 3) ? SampleBytes.dense(1 << 20, seed: UInt64($0)) : zeros }
        let stream = try await ParallelCompressor(.gzip, workers: workers).compress(input)
        #expect(try decompress(stream, .gzip) == input)
    }

    @Test(arguments: [1, 2]) func `a source that gives little at once changes nothing`(_ workers: Int) async throws {
        let input = SampleBytes.dense((2 << 20) + 77)
        let stream = try await ParallelCompressor(.gzip, workers: workers).compress(input, piece: 65_537)
        #expect(try stream == BlockCompressor(.gzip).stream(of: input))
    }

    @Test func `a level other than the default one is used`() async throws {
        let input = SampleBytes.text(100_000)
        let stream = try await ParallelCompressor(.gzip, level: 12, workers: 2).compress(input)
        #expect(try stream == BlockCompressor(.gzip, level: 12).compress(input))
    }

    @Test(arguments: [1, 2, 3]) func `no more blocks are held than workers and one`(_ workers: Int) async throws {
        let compressor = ParallelCompressor(.gzip, workers: workers)
        var (filled, written, mostHeld) = (0, 0, 0)
        unsafe try await compressor.compress(
            filling: { buffer in
                guard filled < 20 else { return 0 }
                filled += 1
                mostHeld = max(mostHeld, filled - written)
                return buffer.count
            },
            writing: { _ in written += 1 }
        )
        #expect(written == 20)
        // One worker is the caller's own task, which fills nothing while it compresses.
        #expect(mostHeld == (workers == 1 ? 1 : workers + 1))
    }

    @Test func `as many streams as workers keep to their own tasks`() async throws {
        let compressor = ParallelCompressor(.gzip, workers: 2, slots: CompressionSlots())
        let input = SampleBytes.dense((3 << 20) + 5)
        var (stream, mostHeld) = ([] as [UInt8], 0)
        var isBegun = false
        unsafe try await compressor.compress(
            filling: { buffer in
                if isBegun { return 0 }
                isBegun = true
                var (position, held) = (0, 0)
                unsafe try await compressor.compress(
                    filling: { room in
                        let count = min(room.count, input.count - position)
                        unsafe room.copyBytes(from: input[position..<position + count])
                        position += count
                        if count > 0, room.count == BlockCompressor.blockSize(of: .gzip) { held += 1 }
                        mostHeld = max(mostHeld, held)
                        return count
                    },
                    writing: { bytes in
                        held = 0
                        stream += unsafe Array(bytes)
                    }
                )
                return buffer.count
            },
            writing: { _ in }
        )
        #expect(mostHeld == 1)
        #expect(try stream == BlockCompressor(.gzip).stream(of: input))
    }

    @Test(arguments: [1, 2, 8]) func `a failing source stops the stream`(_ workers: Int) async {
        var calls = 0
        await #expect(throws: Refusal()) {
            unsafe try await ParallelCompressor(.gzip, workers: workers).compress(
                filling: { buffer in
                    calls += 1
                    if calls == 5 { throw Refusal() }
                    return buffer.count
                },
                writing: { _ in }
            )
        }
        #expect(calls == 5)
    }

    @Test(arguments: [1, 2, 8]) func `a failing output stops the stream`(_ workers: Int) async {
        var calls = 0
        await #expect(throws: Refusal()) {
            unsafe try await ParallelCompressor(.gzip, workers: workers).compress(
                filling: { $0.count },
                writing: { _ in
                    calls += 1
                    if calls == 3 { throw Refusal() }
                }
            )
        }
        #expect(calls == 3)
    }

    @Test(arguments: [1, 2, 8]) func `a cancelled task stops an endless stream`(_ workers: Int) async throws {
        let (written, continuation) = AsyncStream.makeStream(of: Int.self)
        let task = Task {
            unsafe try await ParallelCompressor(.gzip, workers: workers).compress(
                filling: { $0.count },
                writing: { continuation.yield($0.count) }
            )
        }
        var blocks = written.makeAsyncIterator()
        _ = await blocks.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `workers run where the caller prefers`() async throws {
        let executor = CountingExecutor()
        let input = [UInt8](repeating: 7, count: 10 << 20)
        try await withTaskExecutorPreference(executor) {
            _ = try await ParallelCompressor(.gzip, workers: 2).compress(input)
        }
        #expect(executor.count >= 10)
    }

    @Test func `no workers are a programmer's mistake`() async {
        await #expect(processExitsWith: .failure) { _ = ParallelCompressor(.gzip, workers: 0) }
    }
}

/// Counts the pieces of tasks that it runs.
private final class CountingExecutor: TaskExecutor {
    private let jobs = Mutex(0)
    private let queue = DispatchQueue(label: "counting", attributes: .concurrent)

    var count: Int { jobs.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0 += 1 }
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
