// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// Which ids of a new user namespace are which outside.
struct IdentityMapping {
    let plan: SandboxPlan

    /// Maps the ids of a child that waits for it.
    ///
    /// - Throws: ``SandboxFailure``; `SystemError`.
    func write(for process: Int32) throws {
        switch plan.mode {
        case .root: return
        case .single: try writeSingle(process)
        case .subordinate:
            guard let ids = plan.abilities.subordinateIDs else { throw SandboxFailure(.noSubordinateIDs) }
            try map(ids.userMapper, process, getuid(), ids.users)
            try map(ids.groupMapper, process, getgid(), ids.groups)
        }
    }

    private func writeSingle(_ process: Int32) throws {
        // Without this, whoever is in a group that takes rights away could leave it.
        try write("deny", to: "/proc/\(process)/setgroups")
        // The one id may be any inside: its owner is root of the namespace in any case.
        try write("\(plan.realUser.uid) \(geteuid()) 1", to: "/proc/\(process)/uid_map")
        try write("\(plan.realUser.gid) \(getegid()) 1", to: "/proc/\(process)/gid_map")
    }

    private func write(_ text: String, to path: String) throws {
        do {
            let file = try OwnedDescriptor(opening: path, flags: O_WRONLY)
            let bytes = Array(text.utf8)
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
            guard count < 0 else { return }
            throw SandboxFailure(.setUp(what: "map ids", errorNumber: errno))
        } catch let error as SystemError {
            throw SandboxFailure(.setUp(what: "map ids", errorNumber: error.errorNumber))
        }
    }

    private func map(_ program: String, _ process: Int32, _ own: UInt32, _ ids: SubordinateIDs.Range) throws {
        let arguments = [program, "\(process)", "0", "\(own)", "1", "1", "\(ids.first)", "\(ids.count)"]
        let arena = SandboxArena()
        let status = unsafe drydock_run_quietly(program, UnsafePointer(arena.strings(arguments)))
        guard status != 0 else { return }
        throw SandboxFailure(.noMapping(program: program, status: status))
    }
}
