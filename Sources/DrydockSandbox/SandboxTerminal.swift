// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// A pseudo terminal for a program in a sandbox, connected with the terminal of this process.
///
/// It is the terminal of a session of its own: job control works in it, and Ctrl-C reaches whoever is in its foreground.
/// The terminal of this process passes every byte on as it is meanwhile.
final class SandboxTerminal {
    /// The program's end, until it is given away.
    private(set) var end: Int32
    private let controller: OwnedDescriptor
    /// What was typed and not yet taken.
    private var typed: [UInt8] = []
    private var hasInput = true
    private var former: termios?
    /// Whether a program has it.
    private(set) var isOpen = true

    private static let stepSize = 4_096

    /// Opens one.
    ///
    /// - Throws: `SystemError`.
    init() throws(SystemError) {
        var numbers: (Int32, Int32) = (-1, -1)
        _ = try checked(unsafe drydock_open_terminal(&numbers.0, &numbers.1), "open", "a pseudo terminal")
        controller = OwnedDescriptor(adopting: numbers.0)
        end = numbers.1
    }

    deinit { giveAway() }

    /// Closes the program's end here: only when nobody else has it, its end is noticed.
    func giveAway() {
        if end >= 0 { _ = Glibc.close(end) }
        end = -1
    }

    /// Lets this process's terminal pass bytes on as they are typed.
    func begin() {
        var present = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &present) == 0 else { return }
        former = present
        unsafe cfmakeraw(&present)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &present)
    }

    /// Makes this process's terminal what it was.
    func finish() {
        guard var former else { return }
        _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &former)
        self.former = nil
    }

    /// What is to be waited for.
    func events() -> [pollfd] {
        // A window may have another size at any time.
        if isOpen { _ = drydock_copy_window_size(STDIN_FILENO, controller.number) }
        let isReading = isOpen && hasInput && typed.isEmpty
        let output = Int16(typed.isEmpty ? 0 : POLLOUT)
        return [
            pollfd(fd: isReading ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isOpen ? controller.number : -1, events: Int16(POLLIN) | output, revents: 0),
        ]
    }

    /// Passes on what is there in both directions.
    func pass(_ events: ArraySlice<pollfd>) {
        guard let input = events.first, let output = events.last, isOpen else { return }
        if input.revents != 0 {
            typed = Self.read(STDIN_FILENO) ?? []
            hasInput = !typed.isEmpty
        }
        if output.revents & Int16(POLLOUT) != 0 || input.revents != 0 { type() }
        guard output.revents & ~Int16(POLLOUT) != 0 else { return }
        guard let bytes = Self.read(controller.number) else {
            // EIO: nobody has the other end any more.
            isOpen = errno == EAGAIN || errno == EINTR
            return
        }
        isOpen = !bytes.isEmpty
        Self.show(bytes)
    }

    private func type() {
        let count = unsafe typed.withUnsafeBytes { unsafe write(controller.number, $0.baseAddress, $0.count) }
        if count > 0 { typed.removeFirst(count) }
    }

    private static func show(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR, errno != EAGAIN { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: stepSize) { buffer, initialized in
            count = unsafe Glibc.read(descriptor, buffer.baseAddress, stepSize)
            initialized = max(count, 0)
        }
        return count < 0 ? nil : bytes
    }
}
