// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A program that runs in a sandbox: what can be done to it from other threads.
public final class SandboxControl: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var isEnded = false
    }

    private let state = Mutex(State())

    /// The control of a run that has not begun.
    public init() {}

    /// Sends a signal to the program.
    public func send(signal: Int32) { send(byte: UInt8(truncatingIfNeeded: signal)) }

    /// Ends the sandbox with everything in it, at once; before it begins, it will not begin.
    public func end() {
        state.withLock { state in
            state.isEnded = true
            close(&state)
        }
    }

    func adopt(_ descriptor: Int32) {
        state.withLock { state in
            state.descriptor = descriptor
            if state.isEnded { close(&state) }
        }
    }

    func finish() { state.withLock { close(&$0) } }

    func send(byte: UInt8) {
        state.withLock { state in
            var byte = byte
            // A program that has ended takes no signals, which is nobody's fault.
            if state.descriptor >= 0 { _ = unsafe Glibc.send(state.descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) }
        }
    }

    private func close(_ state: inout State) {
        if state.descriptor >= 0 { _ = Glibc.close(state.descriptor) }
        state.descriptor = -1
    }
}
