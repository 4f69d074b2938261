// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// The standard output and standard error of this process, where these are files or sockets, as pipes for a program.
///
/// Container engines give pipes to their programs, too. One that opens `/dev/stdout` by that name then needs no permission
/// for a file of this host, and neither cuts it off nor writes over what is there; a socket cannot be opened at all.
final class SandboxRelay {
    /// What the program's standard output and standard error are, until they are given away.
    private(set) var ends = (output: STDOUT_FILENO, error: STDERR_FILENO)
    private var streams: [RelayedStream] = []
    private var given: [Int32] = []

    /// Opens as many pipes as there are files and sockets.
    ///
    /// - Throws: `SystemError`.
    init() throws {
        let (output, error) = (Self.file(STDOUT_FILENO), Self.file(STDERR_FILENO))
        if output != nil { ends.output = try relay(to: STDOUT_FILENO, "standard output") }
        guard error != nil else { return }
        // Through one pipe what is written to one file stays in order.
        ends.error = error == output ? ends.output : try relay(to: STDERR_FILENO, "standard error")
    }

    deinit { giveAway() }

    /// Closes the program's ends here: only when nobody else has them, their end is noticed.
    func giveAway() {
        for number in given { _ = Glibc.close(number) }
        given = []
    }

    /// Whether more may come.
    var isOpen: Bool { streams.contains(where: \.isOpen) }

    /// What is to be waited for.
    func events() -> [pollfd] { streams.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) } }

    /// Passes on what is there.
    func pass(_ events: ArraySlice<pollfd>) {
        for (stream, event) in zip(streams, events) where event.revents != 0 { stream.pass() }
    }

    /// Makes sure that everything was passed on.
    ///
    /// - Throws: `SystemError` with the operation `write`.
    func finish() throws {
        for stream in streams { if let failure = stream.failure { throw failure } }
    }

    private func relay(to target: Int32, _ name: String) throws -> Int32 {
        var numbers: (Int32, Int32) = (-1, -1)
        _ = try checked(unsafe drydock_pipe(&numbers.0, &numbers.1), "open", "a pipe")
        given.append(numbers.1)
        streams.append(
            RelayedStream(adopting: numbers.0, target: target, name: name)
        )
        return numbers.1
    }

    /// The file or socket that a descriptor of this process stands for; nil if it is something else, or not there.
    private static func file(_ number: Int32) -> FileStatus.Identity? {
        var status = stat()
        guard unsafe fstat(number, &status) == 0, [S_IFREG, S_IFSOCK].contains(status.st_mode & S_IFMT) else {
            return nil
        }
        return FileStatus.Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}

/// One pipe from a program to a file or socket.
private final class RelayedStream {
    /// What is to be waited for; -1 if there will be nothing more.
    private(set) var number: Int32
    private let target: Int32
    private let name: String
    /// Why not everything was passed on.
    private(set) var failure: SystemError?

    init(adopting number: Int32, target: Int32, name: String) {
        self.number = number
        self.target = target
        self.name = name
    }

    deinit { close() }

    var isOpen: Bool { number >= 0 }

    func pass() {
        guard let bytes = SandboxProcess.read(number) else { return }
        if !bytes.isEmpty, write(bytes) { return }
        // A program that goes on writing is told by SIGPIPE.
        close()
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(target, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if !isPassing(errno) { return false }
        }
        return true
    }

    /// Whether a failure to write is none; waits for room where there is none.
    private func isPassing(_ errorNumber: Int32) -> Bool {
        if errorNumber == EINTR { return true }
        guard errorNumber == EAGAIN else {
            // Whoever has closed the other end of a socket has seen enough.
            if errorNumber != EPIPE { failure = SystemError("write", name, errorNumber: errorNumber) }
            return false
        }
        var event = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&event, 1, -1)
        return true
    }

    private func close() {
        if isOpen { _ = Glibc.close(number) }
        number = -1
    }
}
