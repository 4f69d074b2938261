// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// Why nothing could be run in a sandbox.
public struct SandboxFailure: Error, Equatable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: Hashable, Sendable {
        /// The mode `root` was asked for by someone else.
        case notRoot
        /// The mode `subordinate` was asked for by a user without subordinate ids.
        case noSubordinateIDs
        /// The kernel, or whoever set this machine up, refuses namespaces.
        case noNamespaces(errorNumber: Int32)
        /// The ids cannot be mapped.
        case noMapping(program: String, status: Int32)
        /// A part of the sandbox cannot be set up.
        case setUp(what: String, errorNumber: Int32)
        /// The program cannot be started.
        case notExecutable(program: String, errorNumber: Int32)
        /// The kernel, or whoever set this machine up, refuses what emulated ownership needs.
        case noEmulation(errorNumber: Int32)
        /// No control group can be made that limits memory.
        case noMemoryLimit(errorNumber: Int32)
        /// What was changed cannot be read.
        case unreadableChanges(errorNumber: Int32)
        /// The sandbox ended without a word.
        case ended
    }

    /// What went wrong.
    public let code: Code

    /// A failure of a kind.
    public init(_ code: Code) { self.code = code }

    /// One sentence for the person, and what to do.
    public var description: String { hint.map { "\(sentence)\nhint: \($0)" } ?? sentence }

    private var sentence: String {
        switch code {
        case .notRoot: "Cannot use the sandbox mode 'root': drydock does not run as root, or without CAP_SYS_ADMIN"
        case .noSubordinateIDs:
            "Cannot use the sandbox mode 'subordinate': the user has no subordinate ids, or newuidmap is missing"
        case .noNamespaces(let errorNumber):
            "Cannot make the namespaces of a sandbox: \(SystemError.text(of: errorNumber))"
        case .noMapping(let program, let status):
            "Cannot map ids into the sandbox: '\(program)' ended with status \(status)"
        case .setUp(let what, let errorNumber): "Cannot \(what) in the sandbox: \(SystemError.text(of: errorNumber))"
        case .notExecutable(let program, let errorNumber):
            "Cannot start '\(program)' in the sandbox: \(SystemError.text(of: errorNumber))"
        case .noMemoryLimit(let errorNumber):
            "Cannot limit the memory of the sandbox by a control group: \(SystemError.text(of: errorNumber))"
        case .noEmulation(let errorNumber):
            "Cannot emulate the owners of files in the sandbox: \(SystemError.text(of: errorNumber))"
        case .unreadableChanges(let errorNumber):
            "Cannot read what was changed in the sandbox: \(SystemError.text(of: errorNumber))"
        case .ended: "The sandbox was ended from outside"
        }
    }

    private var hint: String? {
        switch code {
        case .notRoot: "leave '--sandbox' out to use what this user has"
        case .noSubordinateIDs: "install the package uidmap and add the user to /etc/subuid and /etc/subgid"
        case .noNamespaces:
            "allow user namespaces: sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; "
                + "in a container, run it with '--security-opt seccomp=unconfined'"
        case .noMemoryLimit: "start drydock with 'systemd-run --user --scope -p Delegate=yes', or without this limit"
        case .noEmulation:
            "Linux 5.14 is needed, and nobody else who answers the system calls of this process; "
                + "root, and users with subordinate ids, do without"
        case .setUp(_, let errorNumber) where errorNumber == 1 || errorNumber == 13:
            "in a container, run it with '--security-opt seccomp=unconfined --security-opt apparmor=unconfined'"
        default: nil
        }
    }
}
