// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// A file on its way to a final name: under that name it either has all its bytes or does not exist.
///
/// While it is written it has no name at all where the file system can do that (`O_TMPFILE`), so that even `kill -9`
/// leaves nothing behind; elsewhere it has a hidden name beside the final one, removed unless it is committed.
///
/// A file that replaces another has the permissions of that one, as if it had been overwritten: what only its owner could
/// read stays so.
public struct PendingFile: ~Copyable, Sendable {
    /// Where it will be.
    public let path: String
    private let descriptor: OwnedDescriptor
    private let temporaryPath: String?

    /// The number of the open descriptor, for positioned writes.
    public var number: Int32 { descriptor.number }

    /// Creates the file in the directory of its final name.
    ///
    /// - Throws: ``SystemError`` when the directory is missing or may not be written.
    public init(for path: String, mode: UInt32? = nil) throws(SystemError) {
        self.path = path
        let permissions = try Self.permissions(at: path, isReplaced: mode == nil)
        let mode = permissions ?? mode ?? 0o666
        let folder = Self.directory(of: path)
        let unnamed = unsafe drydock_openat(AT_FDCWD, folder, unnamedFileFlags, mode)
        if unnamed >= 0 {
            Self.keepPermissions(permissions, of: unnamed)
            descriptor = OwnedDescriptor(adopting: unnamed)
            temporaryPath = nil
            return
        }
        guard Self.unnamedFilesAreMissing(-unnamed) else {
            throw SystemError("create", path, errorNumber: -unnamed, hint: Self.hint(-unnamed, folder: folder))
        }
        let temporary = Self.hiddenName(beside: path)
        descriptor = try OwnedDescriptor(opening: temporary, flags: O_RDWR | O_CREAT | O_EXCL, mode: mode)
        Self.keepPermissions(permissions, of: descriptor.number)
        temporaryPath = temporary
    }

    deinit {
        if let temporaryPath { _ = unsafe unlink(temporaryPath) }
    }

    /// Gives a new file the permissions of the one that it replaces, of which the umask has taken some.
    ///
    /// A file system that cannot do this has no permissions to keep.
    private static func keepPermissions(_ permissions: UInt32?, of descriptor: Int32) {
        if let permissions { fchmod(descriptor, permissions) }
    }

    /// The permissions of the regular file that has the final name, if there is one and they are to be kept.
    ///
    /// - Throws: ``SystemError`` if a device, a pipe or a socket has the name: a file in its place would do harm.
    private static func permissions(at path: String, isReplaced: Bool) throws(SystemError) -> UInt32? {
        guard let status = try? FileStatus(of: path, followingLinks: false) else { return nil }
        switch status.kind {
        case .regular: return isReplaced ? UInt32(status.mode & 0o777) : nil
        case .directory, .symlink: return nil
        default:
            let hint = "it is no regular file; name another, or write '-' for standard output"
            throw SystemError("replace", path, errorNumber: EEXIST, hint: hint)
        }
    }

    /// Gives the file its final name, replacing what was there.
    ///
    /// - Parameter isDurable: Whether to wait before that until its bytes are on the disk, so that not even a machine that
    ///   loses its power leaves a part of it under that name.
    /// - Throws: ``SystemError``; the file then does not exist under either name.
    public consuming func commit(isDurable: Bool = false) throws(SystemError) {
        let output = OutputDescriptor(number: descriptor.number, path: path)
        try isDurable ? output.synchronise() : output.reportFailures()
        let temporary = try named()
        let status = unsafe drydock_renameat(AT_FDCWD, temporary, AT_FDCWD, path, 1)
        if status < 0 {
            _ = unsafe unlink(temporary)
            throw SystemError("create", path, errorNumber: -status)
        }
    }

    /// The name that it has before the final one; gives it one if it has none.
    private func named() throws(SystemError) -> String {
        if let temporaryPath { return temporaryPath }
        let temporary = Self.hiddenName(beside: path)
        // An unnamed file can be linked by its descriptor's entry under /proc without any privilege.
        let link = "/proc/self/fd/\(descriptor.number)"
        guard unsafe linkat(AT_FDCWD, link, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else {
            throw SystemError("create", path, errorNumber: errno)
        }
        return temporary
    }

    /// Whether an error number says that this kernel or file system has no unnamed files.
    static func unnamedFilesAreMissing(_ errorNumber: Int32) -> Bool {
        [EOPNOTSUPP, EISDIR, EINVAL, ENOSYS].contains(errorNumber)
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func hiddenName(beside path: String) -> String {
        // Short, because the final name may have all of the 255 bytes that a name can have.
        // Two processes never choose the same name: the number of a process is its own.
        "\(directory(of: path))/.drydock.\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
    }

    private static func hint(_ errorNumber: Int32, folder: String) -> String? {
        errorNumber == ENOENT ? "make the directory first: mkdir -p '\(folder)'" : nil
    }
}

/// `O_TMPFILE` is a macro that Swift does not import: `__O_TMPFILE | O_DIRECTORY`.
let unnamedFileFlags = O_RDWR | O_DIRECTORY | 0o20000000
