// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

extension CallHandler {
    /// Makes a file that will not be a plain file of root; all others are left to the kernel.
    ///
    /// A new file belongs to the caller's file system user and group, or to the group of a directory that passes its
    /// group on. As root's in a directory of root's, which is nearly always so, it needs no record.
    func create(_ file: NewFile, at path: CallPath) throws(CallFailure) -> CallAnswer {
        let credentials = state.credentials.credentials(of: caller.number)
        let isRoot = credentials.user.fileSystem == 0 && credentials.group.fileSystem == 0
        if case .node(let mode, let device) = file, let device = OwnershipRecord.Device(mode: mode, number: device) {
            guard mayMakeDevices(credentials) else { throw CallFailure(EPERM) }
            // With these numbers overlayfs marks what is gone, and lets nobody else use them.
            if device == .whiteout { throw CallFailure(EPERM) }
            // With real owners the file belongs to whoever makes it, which is the user that is root inside.
            let owner = state.emulation == .owners ? credentials : .root
            return try make(.node(mode: mode & 0o7777 | regularType, device: 0), at: path, owner, device)
        }
        if isRoot && !state.table.hasGroupDirectories { return .proceed }
        switch file {
        case .opened(let flags, let mode): return try open(flags: flags, mode: mode, at: path, credentials)
        case .openedAs(let buffer):
            guard let (flags, mode) = try openFlags(buffer) else { return .proceed }
            return try open(flags: flags, mode: mode, at: path, credentials)
        case .directory, .node, .symlink: return try make(file, at: path, credentials, nil)
        }
    }

    private func mayMakeDevices(_ credentials: Credentials) -> Bool {
        if state.emulation == .owners { return credentials.has(.makeDevices) }
        let sets = caller.statusLine("CapEff").flatMap { UInt64($0, radix: 16) } ?? 0
        return Capabilities(rawValue: sets).contains(.makeDevices)
    }

    /// The flags and mode of `struct open_how`; nil for what is left to the kernel: an open that makes no file, and one
    /// with rules of its own on how the path is walked.
    private func openFlags(_ buffer: CallBuffer) throws(CallFailure) -> (flags: Int32, mode: UInt32)? {
        // `OPEN_HOW_SIZE_VER0`: flags, mode, resolve, 64 bits each.
        guard buffer.size >= 24 else { return nil }
        let bytes = try caller.memory(at: buffer.address, count: 24)
        let words = stride(from: 0, to: 24, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let flags = Int32(truncatingIfNeeded: words[0])
        guard words[2] == 0, flags & (O_CREAT | unnamedFileFlag) != 0 else { return nil }
        return (flags, UInt32(truncatingIfNeeded: words[1]))
    }

    private func place(of path: CallPath, followsLinks: Bool) throws(CallFailure) -> NewPlace? {
        let text = try caller.path(at: path.address)
        guard !text.isEmpty else { return nil }
        return try PathLookup(thread: caller, directory: path.directory).newPlace(text, followsLinks: followsLinks)
    }

    /// Whose a new file in a directory is; nil for a plain file of root.
    private func record(
        forFileIn directory: borrowing OwnedDescriptor,
        _ credentials: Credentials
    ) throws(CallFailure) -> OwnershipRecord? {
        let facts = try facts(of: directory)
        let gid =
            facts.passesGroupOn
            ? state.table.record(of: RecordedFile(facts)).gid : credentials.group.fileSystem
        let record = OwnershipRecord(uid: credentials.user.fileSystem, gid: gid)
        return record.isPlain ? nil : record
    }

    private func open(
        flags: Int32,
        mode: UInt32,
        at path: CallPath,
        _ credentials: Credentials
    ) throws(CallFailure) -> CallAnswer {
        if flags & unnamedFileFlag == unnamedFileFlag {
            return try openUnnamed(flags: flags, mode: mode, in: path, credentials)
        }
        let followsLinks = flags & (O_EXCL | O_NOFOLLOW) == 0
        guard let place = try place(of: path, followsLinks: followsLinks) else { return .proceed }
        guard let record = try record(forFileIn: place.directory, credentials) else { return .proceed }
        // The permissions that the caller's umask takes away are taken here: this thread's own umask is 0.
        let mode = mode & 0o7777 & ~caller.umask
        try confirm()
        let directory = place.directory.number
        let ownFlags = flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY
        let result = unsafe place.name.withCString { unsafe drydock_openat(directory, $0, ownFlags, mode) }
        // A file that is there already keeps its owner. So the kernel's own open is right.
        if result == -EEXIST { return .proceed }
        let file = OwnedDescriptor(adopting: try succeeded(result))
        try remember(record, of: opened(place.name, in: place.directory), facts(of: file))
        return .descriptor(file, closesOnExec: flags & O_CLOEXEC != 0)
    }

    private func openUnnamed(
        flags: Int32,
        mode: UInt32,
        in path: CallPath,
        _ credentials: Credentials
    ) throws(CallFailure) -> CallAnswer {
        let directory = try open(.path(path))
        guard let record = try record(forFileIn: directory, credentials) else { return .proceed }
        let mode = mode & 0o7777 & ~caller.umask
        try confirm()
        let file = OwnedDescriptor(adopting: try succeeded(unsafe drydock_openat(directory.number, ".", flags, mode)))
        let facts = try facts(of: file)
        state.table.set(record, of: RecordedFile(facts), isDirectory: false)
        return .descriptor(file, closesOnExec: flags & O_CLOEXEC != 0)
    }

    private func make(
        _ file: NewFile,
        at path: CallPath,
        _ credentials: Credentials,
        _ device: OwnershipRecord.Device?
    ) throws(CallFailure) -> CallAnswer {
        guard let place = try place(of: path, followsLinks: false) else { return .proceed }
        var record = try record(forFileIn: place.directory, credentials)
        if let device {
            record = record ?? OwnershipRecord()
            record?.device = device
        }
        guard let record else { return .proceed }
        let target = try linkTarget(of: file)
        let umask = caller.umask
        try confirm()
        _ = try succeeded(Self.make(file, place, target: target, umask: umask))
        let made = try opened(place.name, in: place.directory)
        let facts = try facts(of: made)
        try remember(record, of: made, facts)
        return .value(0)
    }

    private func linkTarget(of file: NewFile) throws(CallFailure) -> [UInt8] {
        guard case .symlink(let address) = file else { return [] }
        let target = try caller.path(at: address)
        if target.isEmpty { throw CallFailure(ENOENT) }
        return target
    }

    private static func make(_ file: NewFile, _ place: borrowing NewPlace, target: [UInt8], umask: UInt32) -> Int32 {
        let directory = place.directory.number
        return unsafe place.name.withCString { name in
            switch file {
            case .directory(let mode): return unsafe drydock_mkdirat(directory, name, mode & 0o1777 & ~umask)
            case .node(let mode, _): return unsafe drydock_mknodat(directory, name, mode & ~umask, 0, 0)
            case .symlink:
                return unsafe ByteString(target).withCString { unsafe drydock_symlinkat($0, directory, name) }
            case .opened, .openedAs: return -EINVAL
            }
        }
    }

    private func opened(_ name: ByteString, in directory: borrowing OwnedDescriptor) throws(CallFailure)
        -> OwnedDescriptor
    {
        let number = directory.number
        let flags = UInt64(pathOnlyFlag | O_NOFOLLOW)
        let result = unsafe name.withCString { unsafe drydock_openat2(number, $0, flags, 0) }
        return OwnedDescriptor(adopting: try succeeded(result))
    }
}

extension OwnershipRecord.Device {
    fileprivate static let whiteout = OwnershipRecord.Device(isBlock: false, major: 0, minor: 0)

    /// The device that `mknod` is asked for, or nil for other kinds of files.
    ///
    /// - Parameters:
    ///   - mode: With the type in its upper bits.
    ///   - number: As the system call has it, `new_encode_dev` in linux/kdev_t.h: 8 bits of the minor number, 12 of the major
    ///     one, and the other 12 of the minor one.
    package init?(mode: UInt32, number: UInt64) {
        let bits = UInt32(truncatingIfNeeded: number)
        let isBlock: Bool
        switch mode & 0o170000 {
        case 0o060000: isBlock = true
        case 0o020000: isBlock = false
        default: return nil
        }
        self.init(isBlock: isBlock, major: bits >> 8 & 0xfff, minor: bits & 0xff | bits >> 12 & 0xfff00)
    }
}

/// `S_IFREG`.
private let regularType: UInt32 = 0o100000

/// `O_TMPFILE`, with the `O_DIRECTORY` that it contains.
private let unnamedFileFlag: Int32 = 0o20000000 | O_DIRECTORY
