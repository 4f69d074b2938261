// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// Emulated ownership of one run: waits for the listener of its program, and answers from then on.
final class OwnershipSupervision {
    /// What is known of files.
    let table = OwnershipTable()
    /// The child's end of the connection over which the listener comes, until it is given away.
    private(set) var end: Int32
    private let connection: OwnedDescriptor
    private let plan: SandboxPlan
    private var supervisor: OwnershipSupervisor?
    private var isWaiting = true

    /// Opens a connection for the child.
    ///
    /// - Throws: `SystemError`.
    init(plan: SandboxPlan) throws(SystemError) {
        self.plan = plan
        var numbers: (Int32, Int32) = (-1, -1)
        _ = try checked(unsafe drydock_socket_pair(&numbers.0, &numbers.1), "open", "a socket")
        connection = OwnedDescriptor(adopting: numbers.0)
        end = numbers.1
    }

    deinit { giveAway() }

    /// Closes the child's end here: only when nobody else has it, its end is noticed.
    func giveAway() {
        if end >= 0 { _ = Glibc.close(end) }
        end = -1
    }

    /// What is to be waited for: the listener, once everything is told that is known of files before the program starts.
    func event(_ report: SandboxReport) -> pollfd {
        pollfd(fd: isWaiting && report.isReady ? connection.number : -1, events: Int16(POLLIN), revents: 0)
    }

    /// Takes the listener and begins to answer.
    ///
    /// - Throws: `SystemError`.
    func begin(_ report: SandboxReport) throws(SystemError) {
        isWaiting = false
        for (index, file) in report.identities { record(file, plan.steps[index].record) }
        let listener = drydock_receive_descriptor(connection.number)
        // A child that ended before it had one tells itself why.
        guard listener >= 0 else { return }
        supervisor = try OwnershipSupervisor(
            listener: OwnedDescriptor(adopting: listener),
            table: table,
            initial: Credentials(plan.user, bounding: .ofPrograms),
            emulation: plan.emulation,
            files: EmulatedFiles(
                at: plan.changesPath,
                upper: try plan.upperDirectory.map { path throws(SystemError) in
                    try UpperDirectory(path, shownAt: plan.changesPath, lower: plan.lowerDirectories)
                }
            )
        )
    }

    private func record(_ file: RecordedFile, _ record: OwnershipRecord?) {
        guard let record else { return }
        // overlayfs may copy a file of a layer, which changes its time of birth; its inode is not used again meanwhile.
        let known = RecordedFile(identity: file.identity, birth: plan.upperDirectory == nil ? file.birth : 0)
        // Perhaps it is a directory; to take it for one costs a look.
        table.set(record, of: known, isDirectory: true)
    }

    /// Waits for the last answer; every program has ended.
    func finish() { supervisor?.waitUntilEnd() }
}

extension Credentials {
    fileprivate init(_ user: SandboxUser, bounding: Capabilities) {
        self.init(uid: user.uid, gid: user.gid, groups: user.groups, bounding: bounding)
    }
}

extension Capabilities {
    /// What root may do in a sandbox, of all that is emulated: what Docker lets it do in a container.
    fileprivate static let ofPrograms: Capabilities = .all.subtracting(.administer)
}
