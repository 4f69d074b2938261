// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The threads that the limits of this process allow.
public enum HostThreads: Sendable {
    /// Requires that some threads can run at once.
    ///
    /// The runtime has no error for a thread that cannot be started: it waits, for ever if a limit is the reason.
    ///
    /// - Throws: ``SystemError``.
    public static func require(_ count: Int) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("create", "a pipe", errorNumber: errno) }
        let (threads, result) = started(count, behind: ends[0])
        close(ends[1])
        for thread in threads { pthread_join(thread, nil) }
        close(ends[0])
        guard result != 0 else { return }
        let hint = "allow more processes or memory, for example with 'ulimit -u' or 'ulimit -v'"
        throw SystemError("start", "\(count) threads", errorNumber: result, hint: hint)
    }

    /// Starts threads that end when the other end of a pipe is closed; the error number is 0 if all could be started.
    private static func started(_ count: Int, behind gate: Int32) -> (threads: [pthread_t], errorNumber: Int32) {
        var threads: [pthread_t] = []
        for _ in 0..<count {
            var thread = pthread_t()
            let argument = unsafe UnsafeMutableRawPointer(bitPattern: Int(gate) + 1)
            let result = unsafe pthread_create(
                &thread,
                nil,
                { argument in
                    var byte: UInt8 = 0
                    _ = unsafe read(Int32(Int(bitPattern: argument) - 1), &byte, 1)
                    return nil
                },
                argument
            )
            guard result == 0 else { return (threads, result) }
            threads.append(thread)
        }
        return (threads, 0)
    }
}
