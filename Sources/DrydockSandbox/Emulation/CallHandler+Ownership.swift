// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

extension CallHandler {
    /// chown(2): the file itself is changed as any chown changes it, and the new owner is recorded.
    func changeOwner(of subject: CallSubject, uid: UInt32?, gid: UInt32?) throws(CallFailure) -> CallAnswer {
        guard case .path(let path) = subject, state.files.upper != nil else {
            return try changeOwner(of: open(subject), uid: uid, gid: gid)
        }
        // Since Linux 6.11 no address at all is an empty path, too.
        let text = path.allowsEmpty && path.address == 0 ? [] : try caller.path(at: path.address)
        guard !text.isEmpty else { return try changeOwner(of: open(empty: path), uid: uid, gid: gid) }
        let lookup = PathLookup(thread: caller, directory: path.directory)
        let start = try lookup.start(of: text)
        // Of most files nothing is to be changed, and one look at them is enough.
        if Self.isName(text), let found = try? facts(of: ByteString(text), in: start), !found.isSymlink,
            try isSettled(found), !RecentFiles.isYoung(found)
        {
            let changed = try changed(state.table.record(of: RecordedFile(found)), of: found, uid: uid, gid: gid)
            state.table.set(changed, of: RecordedFile(found), isDirectory: found.isDirectory)
            return .value(0)
        }
        let file = try lookup.open(text, from: start, followsLinks: path.followsLinks)
        return try changeOwner(of: file, uid: uid, gid: gid)
    }

    private func changeOwner(
        of file: consuming OwnedDescriptor,
        uid: UInt32?,
        gid: UInt32?
    ) throws(CallFailure) -> CallAnswer {
        let before = try facts(of: file)
        let record = state.table.record(of: RecordedFile(before))
        _ = try changed(record, of: before, uid: uid, gid: gid)
        // A chown that changes no number leaves nothing but a time in most files.
        let after = try isSettled(before) ? before : touch(file)
        try remember(record.changingOwner(uid: uid, gid: gid, isDirectory: after.isDirectory), of: file, after)
        return .value(0)
    }

    /// The record of a file after a chown, of a caller that waits and may do so.
    private func changed(
        _ record: OwnershipRecord,
        of file: drydock_file_facts,
        uid: UInt32?,
        gid: UInt32?
    ) throws(CallFailure) -> OwnershipRecord {
        let credentials = state.credentials.credentials(of: caller.number)
        try confirm()
        guard credentials.mayChange(uid: record.uid, gid: record.gid, toUser: uid, toGroup: gid) else {
            throw CallFailure(EPERM)
        }
        return record.changingOwner(uid: uid, gid: gid, isDirectory: file.isDirectory)
    }

    /// Changes a file as any chown does.
    ///
    /// - Returns: What identifies it then: overlayfs may have copied it, which changes its time of birth, or even its number.
    private func touch(_ file: borrowing OwnedDescriptor) throws(CallFailure) -> drydock_file_facts {
        _ = try succeeded(unsafe drydock_touch_owner(file.number, "", emptyPathFlag))
        return try facts(of: file)
    }

    /// link(2): overlayfs copies the file, and shows it under its second name with another number.
    func link(_ subject: CallSubject) throws(CallFailure) -> CallAnswer {
        guard state.files.upper != nil, !state.table.isEmpty, let file = try? open(subject) else { return .proceed }
        let before = try facts(of: file)
        let record = state.table.record(of: RecordedFile(before))
        guard !record.isPlain, !before.isDirectory else { return .proceed }
        try confirm()
        // The kernel's own call says why it fails.
        _ = unsafe drydock_touch_owner(file.number, "", emptyPathFlag)
        let facts = try facts(of: file)
        try remember(record, of: file, facts)
        return .proceed
    }

    /// stat(2) and its kin.
    func status(of subject: CallSubject, into address: UInt64) throws(CallFailure) -> CallAnswer {
        try unsafe tell(subject, into: address) { file, appearance, buffer in
            unsafe drydock_status(file, "", emptyPathFlag, appearance, buffer)
        }
    }

    /// statx(2).
    func extendedStatus(
        of subject: CallSubject,
        flags: Int32,
        mask: UInt32,
        into address: UInt64
    ) throws(CallFailure) -> CallAnswer {
        try unsafe tell(subject, into: address) { file, appearance, buffer in
            unsafe drydock_extended_status(file, "", emptyPathFlag | flags, mask, appearance, buffer)
        }
    }

    /// Whether the kernel's own answer tells the right owner.
    private func isShownRightly(_ facts: drydock_file_facts) -> Bool {
        // It shows files of the one user that has a number inside as root's, and those of others as nobody's.
        facts.uid == state.owner.uid && facts.gid == state.owner.gid && !state.table.hasRecord(for: RecordedFile(facts))
    }

    /// The facts of what is found without opening it: an open file, or a name in an open directory.
    ///
    /// - Returns: nil for other paths, and for links that are to be followed.
    private func glance(at subject: CallSubject) throws(CallFailure) -> drydock_file_facts? {
        switch subject {
        case .descriptor(let number): return try facts(of: caller.start(number))
        case .path(let path):
            let text = try caller.path(at: path.address)
            guard text.first != UInt8(ascii: "/") || text.isEmpty else { return nil }
            if text.isEmpty { return path.allowsEmpty ? try facts(of: caller.start(path.directory)) : nil }
            guard Self.isName(text) else { return nil }
            let found = try facts(of: ByteString(text), in: caller.start(path.directory))
            return found.isSymlink && path.followsLinks ? nil : found
        }
    }

    /// Whether a path is one name in its directory, which cannot lead out of it.
    private static func isName(_ path: [UInt8]) -> Bool { !path.contains(UInt8(ascii: "/")) && path != [dot, dot] }

    private func tell(
        _ subject: CallSubject,
        into address: UInt64,
        _ read: (Int32, UnsafePointer<drydock_appearance>, UnsafeMutableRawPointer) -> Int
    ) throws(CallFailure) -> CallAnswer {
        // Nearly every file is as the kernel shows it; and what cannot be found here the kernel reports best.
        if let facts = try? glance(at: subject), isShownRightly(facts) { return .proceed }
        guard let file = try? open(subject) else { return .proceed }
        let facts = try facts(of: file)
        if isShownRightly(facts) { return .proceed }
        let record = state.table.record(of: RecordedFile(facts))
        var appearance = drydock_appearance(record)
        var length = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(DRYDOCK_STATUS_CAPACITY)) { buffer, initialized in
            if let base = buffer.baseAddress { length = unsafe read(file.number, &appearance, base) }
            initialized = max(0, length)
        }
        _ = try succeeded(length)
        try write(bytes, at: address)
        return .value(0)
    }
}

private let dot = UInt8(ascii: ".")

extension drydock_appearance {
    fileprivate init(_ record: OwnershipRecord) {
        self.init()
        uid = record.uid
        gid = record.gid
        guard let device = record.device else { return }
        type = device.isBlock ? 0o060000 : 0o020000
        device_major = device.major
        device_minor = device.minor
    }
}
