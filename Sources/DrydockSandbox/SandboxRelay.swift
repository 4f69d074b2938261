// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// The standard output and standard error of this process, where these are files, as pipes for a program.
///
/// Container engines give pipes to their programs, too. One that opens `/dev/stdout` by that name then needs no permission
/// for a file of this host, and neither cuts it off nor writes over what is there.
final class SandboxRelay {
    /// What the program's standard output and standard error are, until they are given away.
    private(set) var ends = (output: STDOUT_FILENO, error: STDERR_FILENO)
    private var streams: [RelayedStream] = []
    private var given: [Int32] = []

    /// Opens as many pipes as there are files.
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
            RelayedStream(adopting: numbers.0, target: OutputDescriptor(number: target, path: name))
        )
        return numbers.1
    }

    /// The file that a descriptor of this process stands for; nil if it is something else, or not there.
    private static func file(_ number: Int32) -> FileStatus.Identity? {
        var status = stat()
        guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return FileStatus.Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}

/// One pipe from a program to a file.
private final class RelayedStream {
    /// What is to be waited for; -1 if there will be nothing more.
    private(set) var number: Int32
    private let target: OutputDescriptor
    /// Why not everything was passed on.
    private(set) var failure: (any Error)?

    init(adopting number: Int32, target: OutputDescriptor) {
        self.number = number
        self.target = target
    }

    deinit { close() }

    var isOpen: Bool { number >= 0 }

    func pass() {
        guard let bytes = SandboxProcess.read(number) else { return }
        do { if !bytes.isEmpty { return try target.append(bytes) } } catch { failure = error }
        // A program that goes on writing is told by SIGPIPE.
        close()
    }

    private func close() {
        if isOpen { _ = Glibc.close(number) }
        number = -1
    }
}
