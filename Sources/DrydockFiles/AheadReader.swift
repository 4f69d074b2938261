// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Glibc
import Synchronization

/// Reads ahead of its user on a thread of its own.
///
/// What takes a processor to produce, as decompressed bytes do, is produced while the user hashes and writes what came
/// before. Memory is two steps. An instance serves one task at a time.
public final class AheadReader {
    /// Puts the next bytes at the start of a buffer and returns their number; 0 is the end.
    public typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    /// How many bytes the thread produces before it hands them over.
    private static let stepSize = 1 << 20

    private let ring: Ring
    private var position = 0

    /// Starts to read.
    ///
    /// - Parameter source: Where the bytes come from; called on the thread alone, and no more after the reader is gone and
    ///   a last call is over.
    public init(_ source: @escaping Source) {
        ring = unsafe Ring(stepSize: Self.stepSize, source)
        ring.start()
    }

    deinit { ring.stop() }

    /// Puts the next bytes at the start of a buffer.
    ///
    /// - Returns: How many bytes were put there; 0 at the end.
    /// - Throws: What the source throws, after all that came before it; every later call throws it again.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let step = ring.current()
        guard position < step.buffer.count else {
            if let failure = step.failure { throw failure }
            return 0
        }
        let count = min(buffer.count, step.buffer.count - position)
        let part = unsafe UnsafeRawBufferPointer(rebasing: step.buffer.bytes[position..<position + count])
        unsafe buffer.copyMemory(from: part)
        position += count
        // A step that is not full is the last one; what follows it is known from it, too.
        if position == step.buffer.count, step.buffer.count == step.buffer.capacity {
            ring.release()
            position = 0
        }
        return count
    }
}

/// Because it has a place in its bytes, a reader must not be used by two tasks at once.
@available(*, unavailable)
extension AheadReader: Sendable {}

/// Two buffers that go round between the thread and the reader.
@safe
private final class Ring: @unchecked Sendable {
    // @unchecked because: a step belongs to the thread until `filled` is signalled, and to the reader until `free` is; the
    // source is called by the thread alone.
    final class Step {
        let buffer: AlignedBuffer
        var failure: (any Error)?

        init(capacity: Int) { buffer = AlignedBuffer(capacity: capacity) }
    }

    private let source: AheadReader.Source
    private let steps: [Step]
    private let free = Semaphore(2)
    private let filled = Semaphore()
    private let isStopped = Atomic<Bool>(false)
    private var next = 0
    private var holds = false

    init(stepSize: Int, _ source: @escaping AheadReader.Source) {
        unsafe self.source = source
        steps = [Step(capacity: stepSize), Step(capacity: stepSize)]
    }

    // MARK: The reader's side

    /// The step that is read; waits for it.
    func current() -> Step {
        if !holds { filled.wait() }
        holds = true
        return steps[next]
    }

    /// Gives the step back.
    func release() {
        holds = false
        next = 1 - next
        free.signal()
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        free.signal()
    }

    // MARK: The thread's side

    private func produce() {
        var number = 0
        while true {
            free.wait()
            if isStopped.load(ordering: .acquiring) { return }
            let step = steps[number]
            fill(step)
            filled.signal()
            if step.buffer.count < step.buffer.capacity { return }
            number = 1 - number
        }
    }

    /// Fills a step as far as there are bytes.
    private func fill(_ step: Step) {
        step.buffer.count = 0
        do {
            while step.buffer.count < step.buffer.capacity {
                let count = try unsafe source(step.buffer.room)
                if count == 0 { return }
                step.buffer.count += count
            }
        } catch {
            step.failure = error
        }
    }

    func start() {
        do { try HostThread { self.produce() }.detach() } catch {
            steps[0].failure = error
            filled.signal()
        }
    }
}
