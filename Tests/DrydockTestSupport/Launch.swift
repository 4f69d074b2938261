// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What is needed to start a program.
struct Launch: Sendable {
    let arguments: [String]
    let input: [UInt8]
    let environment: [String: String]
    let directory: String?

    /// A started program and the ends of its pipes that we read.
    struct Started {
        let process: pid_t
        let standardOutput: Int32
        let standardError: Int32
    }

    /// Starts the program in a new process group.
    ///
    /// - Throws: ``Command/Failure`` with the system's reason.
    func start() throws -> Started {
        let input = try inputFile()
        let output = try makePipe()
        let diagnostics = try makePipe()
        defer { for descriptor in [input, output.writing, diagnostics.writing] { close(descriptor) } }
        do {
            let process = try spawn(standardStreams: [input, output.writing, diagnostics.writing])
            return Started(process: process, standardOutput: output.reading, standardError: diagnostics.reading)
        } catch {
            for descriptor in [output.reading, diagnostics.reading] { close(descriptor) }
            throw error
        }
    }

    /// A file without a name, because writing to a pipe that nobody reads would end the test with SIGPIPE.
    private func inputFile() throws -> Int32 {
        if input.isEmpty { return unsafe try checked(open("/dev/null", O_RDONLY | O_CLOEXEC)) }
        let path = NSTemporaryDirectory() + "/drydock-input-" + UUID().uuidString
        let descriptor = unsafe try checked(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        _ = unsafe unlink(path)
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try handle.write(contentsOf: input)
        try handle.seek(toOffset: 0)
        return descriptor
    }

    /// A pipe whose ends other programs do not get.
    ///
    /// One that another thread starts between the two calls does; this costs nothing, as nobody waits for the pipe's end.
    private func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = unsafe try checked(pipe(&ends))
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    private func checked(_ result: Int32) throws -> Int32 {
        guard result < 0 else { return result }
        throw failure(errno)
    }

    private func failure(_ errorNumber: Int32) -> Command.Failure {
        let text = unsafe String(cString: strerror(errorNumber))
        return Command.Failure(arguments: arguments, reason: "cannot be started: \(text)")
    }

    private func spawn(standardStreams: [Int32]) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in standardStreams.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var process: pid_t = 0
        let command = directory.map { ["/usr/bin/env", "-C", $0] + arguments } ?? arguments
        let status = unsafe withCStrings(command) { arguments in
            unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                unsafe posix_spawn(&process, path(of: command[0]), &actions, &attributes, arguments, variables)
            }
        }
        guard status == 0 else { throw failure(status) }
        return process
    }

    /// The program's path: found with the program's own search path, not with ours.
    private func path(of name: String) -> String {
        if name.contains("/") { return name }
        return Tools.path(of: name, in: environment["PATH"] ?? "") ?? name
    }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("The array has at least its terminator") }
        return unsafe body(base)
    }
}
