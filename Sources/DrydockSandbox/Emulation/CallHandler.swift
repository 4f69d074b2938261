// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc
import Synchronization

/// What is answered to a call that waits.
enum CallAnswer: ~Copyable {
    /// The kernel carries the call out, as if nobody had been asked.
    ///
    /// Arguments in memory are then read again and may be others than those looked at here. That harms nobody: what
    /// keeps a program inside the sandbox are its namespaces, and emulated ownership only changes what owners are told.
    /// It is answered where the kernel's own result is right, or where there is nothing to emulate.
    case proceed
    /// The call returns this.
    case value(Int64)
    /// The call fails with this number of `<errno.h>`.
    case failure(Int32)
    /// The call returns a descriptor for the same file.
    case descriptor(OwnedDescriptor, closesOnExec: Bool)
}

/// What the answers of one sandbox share.
final class EmulationState: Sendable {
    let table: OwnershipTable
    let credentials: CredentialTable
    let recent = RecentFiles()
    let handles = ThreadHandles()
    /// The user and group outside that are root inside.
    let owner: (uid: UInt32, gid: UInt32)
    /// The mounts of the sandbox's files, once they are known.
    let mounts = Mutex<Mounts?>(nil)

    /// Numbers of mounts.
    struct Mounts {
        /// The one that the root directory of the first caller is on.
        let root: UInt64
        /// The one that has the files whose owners are emulated, if it was found.
        let files: UInt64?
    }

    /// Where the files are.
    let files: EmulatedFiles

    let emulation: SandboxEmulation

    /// Whether every new file is a plain one of root, whoever makes it, and wherever.
    var makesPlainFiles: Bool { emulation == .owners && credentials.areAllRoot && !table.hasGroupDirectories }

    init(table: OwnershipTable, initial: Credentials, emulation: SandboxEmulation, files: EmulatedFiles) {
        self.emulation = emulation
        self.table = table
        self.files = files
        credentials = CredentialTable(initial: initial)
        owner = (geteuid(), getegid())
    }
}

/// Answers one call.
///
/// A failure that is thrown becomes the call's. Before anything is changed, and before an answer is written into the
/// caller's memory, `confirm` makes sure that the caller still waits: what was opened of it is then truly its own.
struct CallHandler {
    let state: EmulationState
    let caller: CallerThread
    /// The call for whose answer it waits.
    let waiting: WaitingCall

    /// One call of a listener.
    struct WaitingCall {
        let listener: Int32
        let id: UInt64
    }

    func answer(_ call: EmulatedCall) throws(CallFailure) -> CallAnswer {
        switch call {
        case .changeOwner(let subject, let uid, let gid): return try changeOwner(of: subject, uid: uid, gid: gid)
        case .create(let file, let path): return try create(file, at: path)
        case .link(let subject): return try link(subject)
        case .status(let subject, let address): return try status(of: subject, into: address)
        case .extendedStatus(let subject, let flags, let mask, let address):
            return try extendedStatus(of: subject, flags: flags, mask: mask, into: address)
        case .attribute(let subject, let access): return try attribute(of: subject, access)
        case .changeUser(let change): return try changeUser(by: change)
        case .changeGroup(let change): return try changeGroup(by: change)
        case .changeGroups(let count, let address): return try changeGroups(count: count, at: address)
        case .identity(let number): return identity(number)
        case .identities(let numbers, let addresses): return try identities(numbers, into: addresses)
        case .groups(let count, let address): return try groups(count: count, into: address)
        case .changeCapabilities(let header, let sets): return try changeCapabilities(header: header, sets: sets)
        case .keepCapabilities(let keeps): return try keepCapabilities(keeps)
        case .execute: return try execute()
        // Kept from the kernel by the supervisor, or without a meaning here.
        case .foreign, .unknown: return .proceed
        }
    }

    /// Makes sure that the caller waits.
    ///
    /// - Throws: `ESRCH`, which nobody sees: the caller is gone.
    func confirm() throws(CallFailure) {
        if drydock_notification_is_valid(waiting.listener, waiting.id) != 1 { throw CallFailure(ESRCH) }
    }

    /// Opens the file that a call is about, only as a place.
    func open(_ subject: CallSubject) throws(CallFailure) -> OwnedDescriptor {
        switch subject {
        case .descriptor(let number): return try caller.file(number)
        case .path(let path):
            // Since Linux 6.11 no address at all is an empty path, too.
            let text = path.allowsEmpty && path.address == 0 ? [] : try caller.path(at: path.address)
            if text.isEmpty { return try open(empty: path) }
            let lookup = PathLookup(thread: caller, directory: path.directory)
            return try lookup.open(text, followsLinks: path.followsLinks)
        }
    }

    /// Opens what an empty path means.
    func open(empty path: CallPath) throws(CallFailure) -> OwnedDescriptor {
        guard path.allowsEmpty else { throw CallFailure(ENOENT) }
        return try caller.file(path.directory)
    }

    /// What identifies an open file.
    func facts(of file: borrowing OwnedDescriptor) throws(CallFailure) -> drydock_file_facts {
        var facts = drydock_file_facts()
        _ = try succeeded(unsafe drydock_file_facts(file.number, "", emptyPathFlag, &facts))
        return facts
    }

    /// What identifies a file in an open directory, which is not followed if it is a link.
    func facts(of name: ByteString, in directory: borrowing OwnedDescriptor) throws(CallFailure) -> drydock_file_facts {
        var facts = drydock_file_facts()
        let (number, flags) = (directory.number, AT_SYMLINK_NOFOLLOW)
        _ = try succeeded(unsafe name.withCString { unsafe drydock_file_facts(number, $0, flags, &facts) })
        return facts
    }

    /// Sets a file's record, and keeps a young file open for a while (`RecentFiles`).
    ///
    /// Files on other mounts than that of the root, and of what is changed, are not kept open: that would keep a program from
    /// unmounting them.
    func remember(
        _ record: OwnershipRecord,
        of file: consuming OwnedDescriptor,
        _ facts: drydock_file_facts
    ) throws(CallFailure) {
        let isPlain = record.isPlain
        if !isPlain { noteUpperNumber(of: file, facts) }
        state.table.set(record, of: RecordedFile(facts), isDirectory: facts.isDirectory)
        guard !isPlain, try isKept(facts) else { return }
        state.recent.keep(file.release())
    }

    /// Finds the other number under which overlayfs may show a file that it has copied.
    private func noteUpperNumber(of file: borrowing OwnedDescriptor, _ facts: drydock_file_facts) {
        guard !state.table.hasRecord(of: RecordedFile(facts)) else { return }
        guard let number = state.files.upper?.number(of: file, facts), number != facts.inode else { return }
        let upper = FileStatus.Identity(device: facts.device, inode: number)
        state.table.note(upper, shownAs: RecordedFile(facts))
    }

    private func isKept(_ facts: drydock_file_facts) throws(CallFailure) -> Bool {
        guard RecentFiles.isYoung(facts) else { return false }
        let mounts = try mounts()
        return facts.mount == mounts.root || facts.mount == mounts.files
    }

    /// Whether overlayfs has copied a file already, or never will, and no change of its owner changes anything else of it.
    func isSettled(_ facts: drydock_file_facts) throws(CallFailure) -> Bool {
        guard facts.mode & 0o6000 == 0, let upper = state.files.upper, try mounts().files == facts.mount else {
            return false
        }
        return upper.holds(facts)
    }

    /// The mounts, as the first caller sees them that asks: that is the sandbox's own first program.
    @discardableResult
    func mounts() throws(CallFailure) -> EmulationState.Mounts {
        if let known = state.mounts.withLock({ $0 }) { return known }
        let root = try facts(of: caller.root()).mount
        // A caller that has another root already may not see their place; then no file is known to be there.
        let place = Array(state.files.place.utf8)
        let lookup = PathLookup(thread: caller, directory: AT_FDCWD)
        let files = place.isEmpty ? root : try? facts(of: lookup.open(place, followsLinks: false)).mount
        let mounts = EmulationState.Mounts(root: root, files: files)
        state.mounts.withLock { $0 = mounts }
        return mounts
    }

    /// Writes an answer into the caller's memory.
    ///
    /// Through an open `/proc/THREAD/mem`, not by the thread's number: it stays the memory of the caller even if that ends
    /// now and its number is given to another.
    func write(_ bytes: [UInt8], at address: UInt64) throws(CallFailure) {
        guard !bytes.isEmpty else { return }
        let number = unsafe drydock_open_of_thread(caller.number, "mem", O_RDWR)
        let memory = OwnedDescriptor(adopting: try succeeded(number))
        try confirm()
        guard let offset = Int64(exactly: address) else { throw CallFailure(EFAULT) }
        let count = unsafe drydock_pwrite(memory.number, bytes, bytes.count, offset)
        if count != bytes.count { throw CallFailure(EFAULT) }
    }
}
