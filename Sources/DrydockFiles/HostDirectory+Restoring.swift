// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
public import DrydockBytes
import Glibc

extension HostDirectory {
    /// Opens the directory at a path below this one, through no link, and never outside.
    ///
    /// - Throws: ``SystemError``.
    public init(beneath directory: borrowing HostDirectory, path: ByteString) throws(SystemError) {
        let shown = directory.path(of: path)
        let flags = O_RDONLY | O_DIRECTORY
        let result = unsafe path.withCString { unsafe drydock_open_beneath(directory.number, $0, flags) }
        self.init(adopting: OwnedDescriptor(adopting: try checked(result, "open", shown)), path: shown)
    }

    /// Opens the directory once more, for another owner.
    ///
    /// - Throws: ``SystemError``.
    public func reopened() throws(SystemError) -> HostDirectory {
        let result = unsafe drydock_openat(number, ".", O_RDONLY | O_DIRECTORY, 0)
        return HostDirectory(adopting: OwnedDescriptor(adopting: try checked(result, "open", path)), path: path)
    }

    /// Makes the named pipe `name`, which must not exist.
    ///
    /// - Throws: ``SystemError``.
    public func makeFIFO(_ name: ByteString) throws(SystemError) { try makeNode(name, type: 0o010000) }

    /// Makes the character device `name`, which must not exist.
    ///
    /// - Throws: ``SystemError``; only root may do that.
    public func makeCharacterDevice(_ name: ByteString, major: UInt32, minor: UInt32) throws(SystemError) {
        try makeNode(name, type: 0o020000, major, minor)
    }

    /// Makes the block device `name`, which must not exist.
    ///
    /// - Throws: ``SystemError``; only root may do that.
    public func makeBlockDevice(_ name: ByteString, major: UInt32, minor: UInt32) throws(SystemError) {
        try makeNode(name, type: 0o060000, major, minor)
    }

    private func makeNode(
        _ name: ByteString,
        type: UInt32,
        _ major: UInt32 = 0,
        _ minor: UInt32 = 0
    ) throws(SystemError) {
        let result = unsafe name.withCString { unsafe drydock_mknodat(number, $0, type | 0o600, major, minor) }
        _ = try checked(result, "create", path(of: name))
    }

    /// Makes `name` another name of the file `target` of another directory; a link is not followed.
    ///
    /// - Throws: ``SystemError``.
    public func makeHardLink(
        _ name: ByteString,
        to target: ByteString,
        of directory: borrowing HostDirectory
    ) throws(SystemError) {
        let source = directory.number
        let errorNumber = unsafe name.withCString { name in
            unsafe target.withCString { unsafe linkat(source, $0, number, name, 0) == 0 ? 0 : errno }
        }
        guard errorNumber == 0 else { throw SystemError("create", path(of: name), errorNumber: errorNumber) }
    }

    /// Sets the owner of an entry itself.
    ///
    /// - Throws: ``SystemError``.
    public func setOwner(of name: ByteString, uid: UInt32, gid: UInt32) throws(SystemError) {
        let errorNumber = unsafe name.withCString { name in
            unsafe fchownat(number, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno
        }
        guard errorNumber == 0 else {
            throw SystemError("change the owner of", path(of: name), errorNumber: errorNumber)
        }
    }

    /// Sets the permission bits of an entry that is no link, whatever the umask is.
    ///
    /// - Throws: ``SystemError``.
    public func setMode(of name: ByteString, _ mode: UInt32) throws(SystemError) {
        let errorNumber = unsafe name.withCString { unsafe fchmodat(number, $0, mode, 0) == 0 ? 0 : errno }
        guard errorNumber == 0 else {
            throw SystemError("change the mode of", path(of: name), errorNumber: errorNumber)
        }
    }

    /// Sets the times of an entry itself, in seconds since 1970.
    ///
    /// - Throws: ``SystemError``.
    public func setTime(of name: ByteString, seconds: Int64) throws(SystemError) {
        let result = unsafe name.withCString { unsafe drydock_set_time_at(number, $0, seconds) }
        _ = try checked(result, "change the time of", path(of: name))
    }
}

/// An open file or directory, and what can be set of it.
public struct OpenEntry: Sendable {
    /// The number of the open descriptor, owned by someone else.
    private let number: Int32
    private let path: String

    /// An entry that stays open as long as this value is used.
    public init(number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    /// Sets the owner.
    ///
    /// - Throws: ``SystemError``.
    public func setOwner(uid: UInt32, gid: UInt32) throws(SystemError) {
        guard fchown(number, uid, gid) != 0 else { return }
        throw SystemError("change the owner of", path, errorNumber: errno)
    }

    /// Sets the permission bits, whatever the umask is.
    ///
    /// - Throws: ``SystemError``.
    public func setMode(_ mode: UInt32) throws(SystemError) {
        guard fchmod(number, mode) != 0 else { return }
        throw SystemError("change the mode of", path, errorNumber: errno)
    }

    /// Sets the times, in seconds since 1970.
    ///
    /// - Throws: ``SystemError``.
    public func setTime(seconds: Int64) throws(SystemError) {
        _ = try checked(drydock_set_time(number, seconds), "change the time of", path)
    }

    /// Sets an extended attribute.
    ///
    /// - Throws: ``SystemError``.
    public func setExtendedAttribute(_ name: ByteString, _ value: [UInt8]) throws(SystemError) {
        let result = unsafe name.withCString { unsafe drydock_fsetxattr(number, $0, value, value.count) }
        _ = try checked(result, "set the attribute \(name) of", path)
    }
}
