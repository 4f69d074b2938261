// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
public import DrydockFiles
import Glibc

/// A blob on its way into a layout; it has its name only when it is whole.
///
/// While it is written it has no name at all where the file system can do that (`O_TMPFILE`), so that a killed process
/// leaves nothing behind. Elsewhere it has a hidden name, and the next process that opens the layout removes what no
/// living process holds.
public struct PendingBlob: ~Copyable, Sendable {
    /// How hidden names begin; a digest cannot.
    private static let prefix = ".drydock-"

    private let folder: String
    private let descriptor: OwnedDescriptor
    private let temporaryPath: String?
    private let use: LayoutUse?

    /// Where the blob's bytes are written, in order or at offsets.
    public var output: OutputDescriptor {
        OutputDescriptor(number: descriptor.number, path: folder)
    }

    /// Creates the file.
    ///
    /// - Parameters:
    ///   - folder: Where blobs are.
    ///   - unnamed: False as on a file system without unnamed files; `package` because tests cannot count on one.
    /// - Throws: `SystemError`.
    package init(in folder: String, unnamed: Bool = true) throws(SystemError) {
        try self.init(in: folder, unnamed: unnamed, use: nil)
    }

    /// Creates the file as a part of a use of the layout, which is told when the blob is new.
    init(in folder: String, unnamed: Bool = true, use: LayoutUse?) throws(SystemError) {
        self.folder = folder
        self.use = use
        if unnamed, let file = try Self.createUnnamed(in: folder) {
            try lock(file.number, folder)
            descriptor = file
            temporaryPath = nil
        } else {
            let file = try Self.createNamed(in: folder)
            temporaryPath = file.path
            descriptor = file.descriptor
        }
    }

    deinit {
        if let temporaryPath { _ = unsafe unlink(temporaryPath) }
    }

    /// Gives the blob its name after its bytes have reached the disk; discards it if the layout has it already.
    ///
    /// A file of another size under that name, which only damage explains, is replaced.
    ///
    /// - Parameters:
    ///   - digest: The digest of what was written; it is not computed again.
    ///   - size: The number of bytes written.
    ///   - isSynchronised: False for what is verified when it is used, and need not survive a crash of the machine.
    /// - Returns: Whether the layout did not have the blob before.
    /// - Throws: `SystemError`; ``ImageStorageFailure`` if there are more or fewer bytes than `size`.
    @discardableResult
    public consuming func commit(digest: Digest, size: Int64, isSynchronised: Bool = true) throws -> Bool {
        let path = "\(folder)/\(digest.encoded)"
        let written = try descriptor.status(path: path).size
        guard written == size else {
            throw ImageStorageFailure(.sizeMismatch(name: "\(digest)", expected: size, actual: written), path: folder)
        }
        if try Self.size(of: path) == size { return false }
        if isSynchronised { try output.synchronise() }
        if temporaryPath == nil, try link(to: path) {
            use?.didAdd(path)
            return true
        }
        // Another writer may have been faster; its bytes are the same unless they are damaged.
        if try Self.size(of: path) == size { return false }
        let temporary = try temporaryPath ?? linked()
        guard unsafe rename(temporary, path) != 0 else {
            use?.didAdd(path)
            return true
        }
        let errorNumber = errno
        _ = unsafe unlink(temporary)
        throw SystemError("create", path, errorNumber: errorNumber)
    }

    /// Gives the unnamed file a name; false if the name is taken.
    private borrowing func link(to path: String) throws(SystemError) -> Bool {
        let source = "/proc/self/fd/\(descriptor.number)"
        guard unsafe linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 else { return true }
        let errorNumber = errno
        guard errorNumber == EEXIST else { throw SystemError("create", path, errorNumber: errorNumber) }
        return false
    }

    /// Gives the unnamed file a hidden name.
    private borrowing func linked() throws(SystemError) -> String {
        while true {
            let path = Self.hiddenPath(in: folder)
            if try link(to: path) { return path }
        }
    }

    /// The size of a regular file; nil if there is none of that name.
    static func size(of path: String) throws(SystemError) -> Int64? {
        do {
            let status = try FileStatus(of: path, followingLinks: false)
            return status.kind == .regular ? status.size : nil
        } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return nil
        }
    }
}

// MARK: - Hidden names

extension PendingBlob {
    /// Removes files with hidden names that no living process holds.
    static func removeAbandoned(in folder: String) throws(SystemError) {
        for name in try HostDirectory(folder).names() where name.bytes.starts(with: prefix.utf8) {
            let path = "\(folder)/\(name)"
            guard let file = try? OwnedDescriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
                continue
            }
            if flock(file.number, LOCK_EX | LOCK_NB) == 0 { _ = unsafe unlink(path) }
        }
    }

    /// Creates a file without a name; nil if the file system cannot do that.
    private static func createUnnamed(in folder: String) throws(SystemError) -> OwnedDescriptor? {
        // The file gets its name through its descriptor's entry under `/proc`.
        guard unsafe access("/proc/self/fd", X_OK) == 0 else { return nil }
        do { return try OwnedDescriptor(opening: folder, flags: unnamedFileFlags) } catch {
            // EISDIR, EINVAL and EOPNOTSUPP: this kernel or file system has no unnamed files.
            guard [EOPNOTSUPP, EISDIR, EINVAL].contains(error.errorNumber) else { throw error }
            return nil
        }
    }

    /// Creates a file with a hidden name and locks it, so that others see that it is in use.
    private static func createNamed(in folder: String) throws(SystemError) -> NamedFile {
        while true {
            let path = hiddenPath(in: folder)
            let file = try OwnedDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_EXCL)
            try lock(file.number, path)
            // Between creation and lock another process may have taken the file for an abandoned one.
            if try file.status(path: path).linkCount > 0 { return NamedFile(descriptor: file, path: path) }
        }
    }

    private static func hiddenPath(in folder: String) -> String {
        "\(folder)/\(prefix)\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    }
}

/// A file with a hidden name.
private struct NamedFile: ~Copyable {
    let descriptor: OwnedDescriptor
    let path: String
}

/// `O_TMPFILE` is a macro that Swift does not import: `__O_TMPFILE | O_DIRECTORY`.
private let unnamedFileFlags = O_RDWR | O_DIRECTORY | 0o20000000
