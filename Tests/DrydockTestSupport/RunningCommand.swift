// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A program that was started and may still run.
///
/// One thread of its own reads both pipes, waits for the end and watches the deadline, so that no thread of the
/// concurrency pool ever blocks. The thread also starts the program: a program that asked to be told of its parent's
/// death is told when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG).
public final class RunningCommand: Sendable {
    /// The number of the process and of its process group.
    public let processID: Int32

    private let arguments: [String]
    private let state = Mutex(State())

    private struct State {
        var standardOutput: [UInt8] = []
        var standardError: [UInt8] = []
        var result: Result<Command.Output, any Error>?
        var waiting: [CheckedContinuation<Command.Output, any Error>] = []
    }

    private init(processID: Int32, arguments: [String]) {
        self.processID = processID
        self.arguments = arguments
    }

    /// What it wrote to standard error until now.
    public var errorTextSoFar: String { String(decoding: state.withLock(\.standardError), as: UTF8.self) }

    /// Waits for the end.
    ///
    /// - Throws: ``Command/Failure`` if the deadline was reached.
    public func output() async throws -> Command.Output {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state in
                if state.result == nil { state.waiting.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Sends a signal to the process, if it has not ended.
    public func signal(_ number: Int32) { send(number, to: processID) }

    /// Ends the process and all that it started in its group, if it has not ended.
    public func killGroup() { send(SIGKILL, to: -processID) }

    /// A process that was waited for is gone, and its number may belong to another: hence the check under the lock.
    private func send(_ number: Int32, to target: Int32) {
        state.withLock { state in
            if state.result == nil { _ = kill(target, number) }
        }
    }
}

extension RunningCommand {
    static func start(_ launch: Launch, timeout: Double) async throws -> RunningCommand {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let started = try launch.start()
                    let running = RunningCommand(processID: started.process, arguments: launch.arguments)
                    continuation.resume(returning: running)
                    running.follow(started, deadline: .now + .seconds(timeout))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    private func follow(_ started: Launch.Started, deadline: ContinuousClock.Instant) {
        var open = [started.standardOutput, started.standardError]
        var isLate = false
        while true {
            wait(for: open, milliseconds: open.isEmpty ? 1 : 20)
            let ended = endedStatus(withholdingFrom: started.process)
            // After the end, what the pipes still hold is all: a child that was left behind may keep them open for ever.
            open.removeAll { !drain($0, isOutput: $0 == started.standardOutput) }
            if let ended {
                for descriptor in open { close(descriptor) }
                return finish(started.process, status: ended, isLate: isLate)
            }
            if !isLate, ContinuousClock.now > deadline {
                isLate = true
                killGroup()
            }
        }
    }

    private func wait(for descriptors: [Int32], milliseconds: Int32) {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = unsafe poll(&polled, nfds_t(polled.count), milliseconds)
    }

    /// How the process ended, if it has; it stays a zombie, so that its number is not given to another.
    private func endedStatus(withholdingFrom process: pid_t) -> Int32? {
        var information = unsafe siginfo_t()
        let result = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        guard result == 0, unsafe information.si_signo == SIGCHLD else { return nil }
        let value = unsafe information._sifields._sigchld.si_status
        return unsafe information.si_code == Int32(CLD_EXITED) ? value : 128 + value
    }

    /// Takes what a pipe holds; false when it was closed on the other side.
    private func drain(_ descriptor: Int32, isOutput: Bool) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            if count == 0 {
                close(descriptor)
                return false
            }
            state.withLock { state in
                if isOutput {
                    state.standardOutput += buffer[..<count]
                } else {
                    state.standardError += buffer[..<count]
                }
            }
        }
    }

    private func finish(_ process: pid_t, status: Int32, isLate: Bool) {
        let (result, waiting) = state.withLock { state in
            var ignored: Int32 = 0
            unsafe waitpid(process, &ignored, 0)
            let output = Command.Output(
                status: status,
                standardOutput: state.standardOutput,
                standardError: state.standardError
            )
            let text = "reached its deadline and was killed: \(output.errorText.suffix(2000))"
            let result: Result<Command.Output, any Error> =
                isLate ? .failure(Command.Failure(arguments: arguments, reason: text)) : .success(output)
            state.result = result
            defer { state.waiting = [] }
            return (result, state.waiting)
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}
