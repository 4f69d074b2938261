// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
public import DrydockBytes
import Glibc

extension HostDirectory {
    /// Makes the directory `name`, which must not exist, and opens it.
    ///
    /// - Throws: ``SystemError``.
    public func makeDirectory(_ name: ByteString, mode: UInt32) throws(SystemError) -> HostDirectory {
        try unsafe change("create", name) { unsafe mkdirat(number, $0, mode) }
        return try HostDirectory(name, in: self, followingLinks: false)
    }

    /// Makes the symbolic link `name`, which must not exist.
    ///
    /// - Throws: ``SystemError``.
    public func makeLink(_ name: ByteString, target: ByteString) throws(SystemError) {
        try unsafe change("create", name) { name in
            unsafe target.withCString { unsafe symlinkat($0, number, name) }
        }
    }

    /// Makes the regular file `name`, which must not exist, and opens it for writing.
    ///
    /// - Throws: ``SystemError``.
    public func makeFile(_ name: ByteString, mode: UInt32) throws(SystemError) -> OwnedDescriptor {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let result = unsafe name.withCString { unsafe drydock_openat(number, $0, flags, mode) }
        return OwnedDescriptor(adopting: try checked(result, "create", path(of: name)))
    }

    /// Sets the permission bits of the directory itself, whatever the umask is.
    ///
    /// - Throws: ``SystemError``.
    public func setMode(_ mode: UInt32) throws(SystemError) {
        guard fchmod(number, mode) != 0 else { return }
        throw SystemError("change the mode of", path, errorNumber: errno)
    }

    /// Waits until everything that was written to the file system of this directory is on the disk.
    ///
    /// - Throws: ``SystemError``.
    public func synchroniseFileSystem() throws(SystemError) {
        _ = try checked(drydock_syncfs(number), "synchronise the file system of", path)
    }

    /// Waits until the names in this directory are on the disk.
    ///
    /// - Throws: ``SystemError``.
    public func synchronise() throws(SystemError) {
        guard fsync(number) != 0 else { return }
        throw SystemError("synchronise", path, errorNumber: errno)
    }

    /// Gives an entry another name in the same directory; nothing may have that name.
    ///
    /// - Throws: ``SystemError``.
    public func rename(_ name: ByteString, to newName: ByteString) throws(SystemError) {
        let result = unsafe name.withCString { name in
            unsafe newName.withCString { unsafe drydock_renameat(number, name, number, $0, 0) }
        }
        _ = try checked(result, "create", path(of: newName))
    }

    /// Removes the entry `name` with all that is in it; links are removed, not followed.
    ///
    /// - Throws: ``SystemError``.
    public func removeTree(_ name: ByteString) throws(SystemError) {
        guard try status(of: name, followingLinks: false).kind == .directory else {
            try unsafe change("remove", name) { unsafe unlinkat(number, $0, 0) }
            return
        }
        let below = try openingForRemoval(name)
        // Nothing can be removed from a directory that its owner may not write, as those of a store are.
        try below.setMode(0o700)
        for entry in try below.names() { try below.removeTree(entry) }
        try unsafe change("remove", name) { unsafe unlinkat(number, $0, AT_REMOVEDIR) }
    }

    /// A directory below, also if its owner may not read it, as overlayfs makes them.
    private func openingForRemoval(_ name: ByteString) throws(SystemError) -> HostDirectory {
        do {
            return try HostDirectory(name, in: self, followingLinks: false)
        } catch {
            guard error.errorNumber == EACCES else { throw error }
            try setMode(of: name, 0o700)
            return try HostDirectory(name, in: self, followingLinks: false)
        }
    }

    private func change(
        _ operation: String,
        _ name: ByteString,
        _ call: (UnsafePointer<CChar>) -> Int32
    ) throws(SystemError) {
        let errorNumber = unsafe name.withCString { name in unsafe call(name) == 0 ? 0 : errno }
        guard errorNumber != 0 else { return }
        throw SystemError(operation, path(of: name), errorNumber: errorNumber)
    }
}

extension OwnedDescriptor {
    /// Sets the permission bits of the open file, whatever the umask is.
    ///
    /// - Throws: ``SystemError``.
    public func setMode(_ mode: UInt32, path: @autoclosure () -> String) throws(SystemError) {
        guard fchmod(number, mode) != 0 else { return }
        throw SystemError("change the mode of", path(), errorNumber: errno)
    }
}
