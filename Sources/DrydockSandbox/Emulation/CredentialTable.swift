// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc
import Synchronization

/// The credentials that occur, and which thread has which.
///
/// The kernel itself carries a thread's number of credentials along, to every thread and process that it starts and
/// through every exec, as the slack of its timers (prctl(2), PR_SET_TIMERSLACK): some nanoseconds more than usual, which
/// nobody can notice. A list of processes here would have to learn of each fork and exit, and would lose the children
/// of a parent that ended before their first call. The filter keeps programs from setting the slack.
final class CredentialTable: Sendable {
    private struct State: Sendable {
        var credentials: [Credentials]
        var numbers: [Credentials: Int]
    }

    /// The slack of a thread with the first credentials, `PLAIN_TIMER_SLACK` in emulation.c.
    private static let plainSlack = 50_000
    /// So many different credentials that timers are late by as much again as they may always be.
    private static let maximumCount = 50_000

    private let state: Mutex<State>

    /// A table in which every thread has the same credentials.
    init(initial: Credentials) { state = Mutex(State(credentials: [initial], numbers: [initial: 0])) }

    /// Whether nobody was ever another user, or in another group, than root, as far as new files go.
    var areAllRoot: Bool {
        state.withLock { state in
            state.credentials.count == 1 && state.credentials[0].user.fileSystem == 0
                && state.credentials[0].group.fileSystem == 0
        }
    }

    /// The credentials of a thread.
    func credentials(of thread: Int32) -> Credentials {
        let (count, first) = state.withLock { ($0.credentials.count, $0.credentials[0]) }
        // As long as nobody has changed, nobody needs to be looked at.
        guard count > 1 else { return first }
        let number = Self.slack(of: thread).map { $0 - Self.plainSlack } ?? 0
        return state.withLock { $0.credentials.indices.contains(number) ? $0.credentials[number] : first }
    }

    /// Gives a thread other credentials; those that it starts later inherit them.
    func set(_ credentials: Credentials, of thread: Int32) throws(CallFailure) {
        let number = state.withLock { Self.number(of: credentials, in: &$0) }
        guard let number else { throw CallFailure(EAGAIN) }
        guard Self.setSlack(Self.plainSlack + number, of: thread) else { throw CallFailure(EPERM) }
    }

    private static func number(of credentials: Credentials, in state: inout State) -> Int? {
        if let known = state.numbers[credentials] { return known }
        let number = state.credentials.count
        guard number < maximumCount else { return nil }
        state.credentials.append(credentials)
        state.numbers[credentials] = number
        return number
    }

    private static func slack(of thread: Int32) -> Int? {
        let descriptor = unsafe drydock_open_of_thread(thread, "timerslack_ns", O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 24)
        let count = unsafe drydock_read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return Int(String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static func setSlack(_ slack: Int, of thread: Int32) -> Bool {
        let descriptor = unsafe drydock_open_of_thread(thread, "timerslack_ns", O_WRONLY)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        let text = Array(String(slack).utf8)
        return unsafe drydock_write(descriptor, text, text.count) == text.count
    }
}
