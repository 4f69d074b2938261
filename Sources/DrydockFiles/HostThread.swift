// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread of this process's own, for work that waits or computes beside the cooperative threads.
@safe
public struct HostThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Parameter body: What it does; it is let go when the thread ends, and at once if there is none.
    /// - Throws: ``SystemError`` when the limits of this process allow no further thread.
    public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            box.toOpaque()
        )
        guard status == 0 else {
            unsafe box.release()
            throw SystemError("start", "a thread", errorNumber: status)
        }
        handle = thread
    }

    /// Lets the thread run to its end alone.
    public func detach() { pthread_detach(handle) }

    /// Waits for the thread's end; once, and not after ``detach()``.
    public func join() { pthread_join(handle, nil) }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
