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
        let gate = ends[0]
        var threads: [HostThread] = []
        var failure: SystemError?
        while threads.count < count, failure == nil {
            do throws(SystemError) { threads.append(try HostThread { Self.wait(at: gate) }) } catch { failure = error }
        }
        close(ends[1])
        for thread in threads { thread.join() }
        close(gate)
        guard let failure else { return }
        let hint = "allow more processes or memory, for example with 'ulimit -u' or 'ulimit -v'"
        throw SystemError("start", "\(count) threads", errorNumber: failure.errorNumber, hint: hint)
    }

    /// Waits until the other end of a pipe is closed.
    private static func wait(at gate: Int32) {
        var byte: UInt8 = 0
        _ = unsafe read(gate, &byte, 1)
    }
}
