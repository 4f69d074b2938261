// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
package import DrydockFiles
import Glibc
import Synchronization

/// Makes a sandbox with one user look as if all of its files could have any owner.
///
/// Programs in the sandbox are under a seccomp filter (`drydock_emulation_install`). Their calls that set or tell
/// owners and identities wait until this answers them: from the table, or by making the file and recording it, or by
/// letting the kernel do it. The program is not traced, nothing is loaded into it, and static programs are no exception.
///
/// One thread answers all calls, one after the other: handing each to the next of several threads costs more than
/// the answer, and a thread that waits for another's answer is seldom all there is to wait for.
///
/// ## What it relies on
/// The process that runs this is outside of the sandbox, as the user that is root inside; so the kernel lets it look
/// at the sandbox's processes. It must see them in its own `/proc`. Linux 5.14.
package final class OwnershipSupervisor: Sendable {
    /// What is known of files.
    package let table: OwnershipTable

    private let state: EmulationState
    private let listener: OwnedDescriptor
    private let progress = Mutex(Progress())
    private let thread = Mutex<HostThread?>(nil)

    private struct Progress: Sendable {
        var foreignProgram: String?
    }

    /// The name of a program that was ended because it has 32-bit code, whose calls are not known here; nil if none was.
    package var endedForeignProgram: String? { progress.withLock(\.foreignProgram) }

    /// Begins to answer.
    ///
    /// - Parameters:
    ///   - listener: What `drydock_emulation_install` gave in the sandbox.
    ///   - table: What is known of files before any program runs.
    ///   - initial: Who the first program is.
    ///   - emulation: What the filter asks about.
    ///   - files: Where the files are.
    /// - Throws: ``SystemError`` if this process lacks a descriptor or a thread.
    package init(
        listener: consuming OwnedDescriptor,
        table: OwnershipTable = OwnershipTable(),
        initial: Credentials = .root,
        emulation: SandboxEmulation = .owners,
        files: EmulatedFiles = EmulatedFiles()
    ) throws(SystemError) {
        self.table = table
        self.listener = listener
        state = EmulationState(table: table, initial: initial, emulation: emulation, files: files)
        drydock_notification_prefer_one_processor(self.listener.number)
        try startThread()
    }

    /// Ends when the last program has ended.
    package func waitUntilEnd() {
        thread.withLock { $0.take() }?.join()
        state.recent.removeAll()
    }

    private func work() {
        // For files that are made for a caller, whose umask is applied to them; it must not be this program's as well.
        _ = drydock_detach_umask()
        while let notification = next() {
            if let notification { handle(notification) }
        }
    }

    /// The next call; nil inside if there is nothing to answer after all, nil when there will be none.
    private func next() -> drydock_notification?? {
        var notification = drydock_notification()
        if Self.receivesUntilEnd {
            var result: Int32
            repeat { result = receive(&notification) } while result == Self.isAnswered
            if result == 1 { return notification }
        }
        guard drydock_notification_wait(listener.number) == 1 else { return nil }
        let result = receive(&notification)
        if result < 0 { return nil }
        return .some(result == 1 ? notification : nil)
    }

    /// What receiving tells of a call that needs no answer from here.
    private static let isAnswered: Int32 = 2

    private func receive(_ notification: inout drydock_notification) -> Int32 {
        // Most new files are root's, which needs no look at them: asked about at each call, for any may change it.
        unsafe drydock_notification_receive(listener.number, state.makesPlainFiles ? 1 : 0, &notification)
    }

    /// Since Linux 6.11 receiving ends when the last program has ended, so that there is no need to look before.
    private static let receivesUntilEnd = KernelVersion.present >= KernelVersion(major: 6, minor: 11)

    private func handle(_ notification: drydock_notification) {
        let call = EmulatedCall(notification)
        if call == .foreign { return end(notification) }
        let handler = CallHandler(
            state: state,
            caller: CallerThread(number: notification.thread, handles: state.handles),
            waiting: CallHandler.WaitingCall(listener: listener.number, id: notification.id)
        )
        do {
            send(try handler.answer(call), to: notification.id)
        } catch {
            send(.failure(error.errorNumber), to: notification.id)
        }
    }

    /// Answers; a caller that is gone does not mind.
    private func send(_ answer: consuming CallAnswer, to id: UInt64) {
        let listener = listener.number
        switch consume answer {
        case .proceed: _ = drydock_notification_continue(listener, id)
        case .value(let value): _ = drydock_notification_answer(listener, id, value, 0)
        case .failure(let number): _ = drydock_notification_answer(listener, id, 0, number)
        case .descriptor(let file, let closesOnExec):
            let result = drydock_notification_give(listener, id, file.number, closesOnExec ? 1 : 0)
            if result < 0 { _ = drydock_notification_answer(listener, id, 0, -result) }
        }
    }

    /// Ends a program with 32-bit code: answering its calls by guesses would be worse.
    private func end(_ notification: drydock_notification) {
        let name = CallerThread(number: notification.thread, handles: state.handles).programName
        guard drydock_notification_is_valid(listener.number, notification.id) == 1 else { return }
        progress.withLock { $0.foreignProgram = $0.foreignProgram ?? name }
        drydock_kill_process_of(notification.thread)
        send(.failure(ENOSYS), to: notification.id)
    }

    private func startThread() throws(SystemError) {
        let started = try HostThread { self.work() }
        thread.withLock { $0 = started }
    }
}

extension EmulatedCall {
    fileprivate init(_ notification: drydock_notification) {
        let values = notification.arguments
        self.init(
            drydock_call(UInt32(notification.call)),
            registers: [values.0, values.1, values.2, values.3, values.4, values.5]
        )
    }
}
