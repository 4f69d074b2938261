// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import DrydockSandbox
import Foundation
import Glibc

/// Runs a command under emulated ownership, for tests: `ownership-harness ROOT COMMAND…`.
///
/// ROOT becomes the root directory in a new user namespace, in which the caller's own user and group are the only ones
/// and are root's. The host's `/usr`, `/proc` and `/dev` are mounted there. The exit status is the command's; the last
/// line on standard error tells how many records there were, and which program was ended as foreign.
@main
struct OwnershipHarness {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard arguments.count >= 2 else { throw Failure(what: "expected ROOT COMMAND…") }
            if arguments[0] == "--inside" {
                try Inside(root: arguments[1], command: Array(arguments.dropFirst(2))).run()
            } else {
                exit(try Outside(root: arguments[0], command: Array(arguments.dropFirst())).run())
            }
        } catch {
            FileHandle.standardError.write(Data("ownership-harness: \(error)\n".utf8))
            exit(125)
        }
    }
}

private struct Failure: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}

/// The supervisor's side.
private struct Outside {
    let root: String
    let command: [String]

    func run() throws -> Int32 {
        var ends: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw Failure(what: "socketpair: \(errno)")
        }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let child = try Self.spawn(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", Self.script(socket: ends[1])]
                + ["sh", root, program] + command
        )
        _ = close(ends[1])
        let listener = drydock_receive_descriptor(ends[0])
        guard listener >= 0 else { return Self.status(of: child) }
        let supervisor = try OwnershipSupervisor(listener: OwnedDescriptor(adopting: listener))
        let status = Self.status(of: child)
        supervisor.waitUntilEnd()
        let ended = supervisor.endedForeignProgram ?? "none"
        FileHandle.standardError.write(Data("records: \(supervisor.table.count) foreign: \(ended)\n".utf8))
        return status
    }

    /// Mounts, and goes on as the inner side, on the descriptor 9.
    private static func script(socket: Int32) -> String {
        """
        set -e
        for name in usr proc dev; do
            mkdir -p "$1/$name"
            mount --rbind "/$name" "$1/$name"
        done
        root=$1 program=$2
        shift 2
        exec "$program" --inside "$root" "$@" 9>&\(socket)
        """
    }

    /// Without Foundation's `Process`, which closes every descriptor in the child.
    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var child = pid_t()
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let status = unsafe posix_spawn(&child, "/usr/bin/unshare", nil, nil, &pointers, environ)
        for index in unsafe pointers.indices { unsafe free(pointers[index]) }
        guard status == 0 else { throw Failure(what: "unshare: \(status)") }
        return child
    }

    private static func status(of child: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }
}

/// The sandbox's side, one process without other threads.
private struct Inside {
    let root: String
    let command: [String]

    func run() throws -> Never {
        guard unsafe chroot(root) == 0, unsafe chdir("/") == 0 else { throw Failure(what: "chroot: \(errno)") }
        var pointers = unsafe command.map { unsafe strdup($0) } + [nil]
        var listener: Int32 = -1
        // From here on this process's own calls wait, too, until the other side has the listener.
        let installed = unsafe drydock_emulation_install(DRYDOCK_EMULATION_OWNERS, &listener)
        guard installed == 0 else { throw Failure(what: "seccomp: \(-installed)") }
        let sent = drydock_send_descriptor(9, listener)
        guard sent == 0 else { _exit(124) }
        _ = close(listener)
        _ = close(9)
        unsafe execvp(command[0], &pointers)
        throw Failure(what: "\(command[0]): \(errno)")
    }
}
