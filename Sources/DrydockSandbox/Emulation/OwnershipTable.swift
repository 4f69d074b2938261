// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
package import DrydockFiles
import Glibc
import Synchronization

/// One file, told apart from all that had its inode before.
///
/// Inode numbers are used again: a record must not pass from a removed file to a new one. Numbers and time of birth
/// together do not repeat, but for files that are made within one tick of the kernel's clock; `RecentFiles` closes
/// that gap.
package struct RecordedFile: Hashable, Sendable {
    /// The numbers of file system and inode, as programs in the sandbox see them.
    package var identity: FileStatus.Identity
    /// When the inode was made, in nanoseconds since 1970; 0 is unknown and agrees with everything.
    package var birth: Int64

    /// A file by numbers and time of birth.
    package init(identity: FileStatus.Identity, birth: Int64) {
        self.identity = identity
        self.birth = birth
    }

    init(_ facts: drydock_file_facts) {
        identity = FileStatus.Identity(device: facts.device, inode: facts.inode)
        birth = facts.birth
    }
}

/// The records of all files that are not plain files of root.
package final class OwnershipTable: Sendable {
    private struct Slot: Sendable {
        var birth: Int64
        var record: OwnershipRecord
    }

    private struct Copy: Sendable {
        var birth: Int64
        var identity: FileStatus.Identity
    }

    private struct State: Sendable {
        var slots: [FileStatus.Identity: Slot] = [:]
        /// Numbers of files of layers, and the numbers of their copies in the upper directory.
        var copies: [FileStatus.Identity: Copy] = [:]
        /// Whether a record ever had an attribute, or a directory a group: until then whole kinds of calls need no look.
        var hasAttributes = false
        var hasGroupDirectories = false
    }

    private let state = Mutex(State())

    /// An empty table.
    package init() {}

    /// Whether no file has a record.
    package var isEmpty: Bool { state.withLock(\.slots.isEmpty) }

    /// The number of records.
    package var count: Int { state.withLock(\.slots.count) }

    /// Whether a file may have an attribute.
    package var hasAttributes: Bool { state.withLock(\.hasAttributes) }

    /// Whether a directory may belong to a group that files in it could inherit.
    package var hasGroupDirectories: Bool { state.withLock(\.hasGroupDirectories) }

    /// The record of a file; a plain one if it has none.
    package func record(of file: RecordedFile) -> OwnershipRecord {
        state.withLock { state in
            guard let slot = state.slots[Self.identity(of: file, state)], Self.agree(slot.birth, file.birth) else {
                return .plain
            }
            return slot.record
        }
    }

    /// Whether a file has a record.
    func hasRecord(for file: RecordedFile) -> Bool {
        state.withLock { state in
            if state.slots.isEmpty { return false }
            guard let slot = state.slots[Self.identity(of: file, state)] else { return false }
            return Self.agree(slot.birth, file.birth)
        }
    }

    /// Whether a file has a record, under a number that is not only that of a layer.
    func hasRecord(of file: RecordedFile) -> Bool {
        state.withLock { state in
            guard let slot = state.slots[Self.identity(of: file, state)] else { return false }
            return slot.birth != 0 && slot.birth == file.birth
        }
    }

    /// Notes that a file is shown with one number or another.
    ///
    /// In a user namespace overlayfs shows the copy of a file of a layer with the number of that file as long as it
    /// remembers it, else with the copy's own: so under a name that it gets later.
    /// - Parameters:
    ///   - upper: The number of the copy.
    ///   - file: As the file is shown now.
    func note(_ upper: FileStatus.Identity, shownAs file: RecordedFile) {
        state.withLock { state in
            state.copies[file.identity] = Copy(birth: file.birth, identity: upper)
            guard let slot = state.slots.removeValue(forKey: file.identity) else { return }
            state.slots[upper] = Slot(birth: file.birth, record: slot.record)
        }
    }

    private static func identity(of file: RecordedFile, _ state: State) -> FileStatus.Identity {
        guard let copy = state.copies[file.identity], copy.birth == file.birth else { return file.identity }
        return copy.identity
    }

    /// The record of a file as programs in the sandbox see it.
    ///
    /// - Parameters:
    ///   - path: Relative to `directory`; never followed if it is a symbolic link.
    ///   - directory: An open directory reached through the sandbox's own mounts, since overlayfs shows other numbers than
    ///     the file systems below it.
    /// - Returns: A plain record if it has none.
    /// - Throws: ``SystemError`` with the operation `read`.
    package func record(ofFileAt path: String, in directory: Int32) throws(SystemError) -> OwnershipRecord {
        record(of: try Self.file(at: path, in: directory))
    }

    /// Sets the record of a file that lies in a layer below, before programs run.
    ///
    /// Its inode is not used again as long as the layer is there, while overlayfs may copy it, which changes its time of
    /// birth: so that is not looked at.
    /// - Throws: ``SystemError`` with the operation `read`.
    package func setRecord(_ record: OwnershipRecord, ofFileAt path: String, in directory: Int32) throws(SystemError) {
        var file = try Self.file(at: path, in: directory)
        file.birth = 0
        var facts = drydock_file_facts()
        let status = unsafe drydock_file_facts(directory, path, AT_SYMLINK_NOFOLLOW, &facts)
        _ = try checked(status, "read", path)
        set(record, of: file, isDirectory: facts.isDirectory)
    }

    /// Sets the record of a file, or removes it if it is plain.
    package func set(_ record: OwnershipRecord, of file: RecordedFile, isDirectory: Bool) {
        state.withLock { state in
            let identity = Self.identity(of: file, state)
            state.slots[identity] = record.isPlain ? nil : Slot(birth: file.birth, record: record)
            if !record.attributes.isEmpty { state.hasAttributes = true }
            if isDirectory, record.gid != 0 { state.hasGroupDirectories = true }
        }
    }

    private static func agree(_ first: Int64, _ second: Int64) -> Bool { first == second || first == 0 || second == 0 }

    private static func file(at path: String, in directory: Int32) throws(SystemError) -> RecordedFile {
        var facts = drydock_file_facts()
        let status = unsafe drydock_file_facts(directory, path, AT_SYMLINK_NOFOLLOW, &facts)
        _ = try checked(status, "read", path)
        return RecordedFile(facts)
    }
}

extension drydock_file_facts {
    private func hasType(_ type: UInt32) -> Bool { mode & 0o170000 == type }

    var isDirectory: Bool { hasType(0o040000) }
    var isSymlink: Bool { hasType(0o120000) }
    var passesGroupOn: Bool { isDirectory && mode & 0o2000 != 0 }
}
