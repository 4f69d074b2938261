// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// A program of this host that reads a short text and answers with another; its standard error is the person's.
///
/// No other program that this process starts meanwhile inherits the ends of its pipe, so that its answer ends when
/// it ends.
public struct ChildProgram: Sendable {
    /// How it ended and what it wrote.
    public struct Answer: Sendable {
        /// The exit status, or 128 and the number of the signal that ended it.
        public let status: Int32
        /// What it wrote to standard output.
        public let output: [UInt8]
    }

    /// Why there is no answer.
    public enum Failure: Error, Equatable {
        /// It could not be started; the error number says why.
        case notStarted(errorNumber: Int32)
        /// It did not end in time.
        case tooSlow
        /// It wrote more than the limit.
        case answerTooLong
    }

    /// The program, as a path or as a name that is looked up in `PATH`, and its arguments.
    public var arguments: [String]
    /// The variables that it sees; those of this process if `nil`.
    public var environment: [String: String]?
    /// Its working directory; that of this process if `nil`.
    public var directory: String?
    /// The most that it may write, in bytes.
    public var answerLimit: Int
    /// How long it may take, without end if `nil`.
    ///
    /// With a limit, the program has a process group of its own, all of which ends with it; without one it stays in the
    /// group that the terminal interrupts.
    public var timeout: Duration?

    /// A program and its arguments.
    public init(
        _ arguments: [String],
        environment: [String: String]? = nil,
        directory: String? = nil,
        answerLimit: Int = 16 << 20,
        timeout: Duration? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.answerLimit = answerLimit
        self.timeout = timeout
    }

    /// Runs it to its end; blocks the thread.
    ///
    /// - Throws: ``Failure``; a program that was started is then ended. ``SystemError``, if there are no descriptors.
    ///   `CancellationError`; the program is asked to end (SIGTERM), so that it can end what it has started itself.
    public func run(input: [UInt8] = []) throws -> Answer {
        // In memory and not through a pipe: a program that ends without reading must not end this one with SIGPIPE.
        let inputFile = try OwnedDescriptor.inMemory(input)
        var ends: (reader: Int32, writer: Int32) = (-1, -1)
        _ = try checked(unsafe drydock_pipe(&ends.reader, &ends.writer), "create", "a pipe")
        let reader = OwnedDescriptor(adopting: ends.reader)
        let process = try start(input: inputFile.number, output: OwnedDescriptor(adopting: ends.writer))
        do {
            let output = try answer(of: process, through: reader.number)
            return Answer(status: wait(for: process), output: output)
        } catch {
            let target = timeout == nil ? process : -process
            if error is CancellationError { ask(process, through: target) }
            kill(target, SIGKILL)
            _ = wait(for: process)
            throw error
        }
    }

    private func start(input: Int32, output: consuming OwnedDescriptor) throws(Failure) -> Int32 {
        let texts = CTexts(arguments)
        let variables = environment.map { CTexts($0.map { "\($0.key)=\($0.value)" }.sorted()) }
        let place = CTexts(directory.map { [$0] } ?? [])
        var process: Int32 = 0
        let result = withExtendedLifetime((texts, variables, place)) {
            var launch = unsafe drydock_launch(
                program: UnsafePointer(texts.first),
                arguments: UnsafePointer(texts.pointers),
                environment: variables.map { unsafe UnsafePointer($0.pointers) },
                directory: place.pointers.pointee.map { unsafe UnsafePointer($0) },
                input: input,
                output: output.number,
                own_group: timeout == nil ? 0 : 1
            )
            return unsafe drydock_spawn(&launch, &process)
        }
        guard result == 0 else { throw .notStarted(errorNumber: -result) }
        return process
    }

    /// What the program writes until it closes its output or ends: who it leaves behind may keep the pipe for ever.
    private func answer(of process: Int32, through descriptor: Int32) throws -> [UInt8] {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            try Task.checkCancellation()
            // Asked before the pipe is: what the program wrote before its end is there.
            let hasEnded = hasEnded(process)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&request, 1, hasEnded ? 0 : 100) > 0 {
                let count = unsafe drydock_read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return answer }
                answer += buffer.prefix(count)
                guard answer.count <= answerLimit else { throw Failure.answerTooLong }
            } else if hasEnded {
                return answer
            }
            if let deadline, ContinuousClock.now > deadline { throw Failure.tooSlow }
        }
    }

    /// Asks a program to end, and gives it three seconds for that.
    private func ask(_ process: Int32, through target: Int32) {
        kill(target, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(3)
        while !hasEnded(process), ContinuousClock.now < deadline { usleep(20_000) }
    }

    /// Whether the program has ended; it stays a zombie, so that its number is not given to another.
    private func hasEnded(_ process: Int32) -> Bool {
        var information = unsafe siginfo_t()
        let result = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return unsafe result == 0 && information.si_signo == SIGCHLD
    }

    private func wait(for process: Int32) -> Int32 {
        let status = drydock_wait(process)
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// Texts as C has them: pointers to bytes that end with NUL, and a null pointer behind the last.
@safe
private final class CTexts {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        unsafe pointers = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { unsafe (pointers + index).initialize(to: strdup(text)) }
        unsafe (pointers + texts.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }

    /// The first text.
    var first: UnsafeMutablePointer<CChar> {
        guard let text = unsafe pointers.pointee else { preconditionFailure("A program has a name") }
        return unsafe text
    }
}
