// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// A directory that no other `LockedDirectory` of any thread or process holds at the same time.
///
/// The lock goes with the descriptor: the kernel releases it even when the process is killed.
struct LockedDirectory: ~Copyable {
    /// One fixed name is enough under the lock; what a killed process has left under it is overwritten.
    static let temporaryName = ".drydock-document"

    private let path: String
    private let descriptor: OwnedDescriptor

    /// Waits for the lock.
    init(_ path: String) throws(SystemError) {
        self.path = path
        // A descriptor of its own for each lock: two locks through one descriptor would not exclude each other.
        let directory = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        try lock(directory.number, path)
        descriptor = directory
    }

    /// Whether the path still leads to the directory that is locked.
    borrowing func isStillThere() throws(SystemError) -> Bool {
        let locked = try descriptor.status(path: path).identity
        do { return try FileStatus(of: path).identity == locked } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return false
        }
    }

    /// Replaces a file of the directory as a whole; its bytes are on the disk before it has the name.
    ///
    /// - Parameters:
    ///   - name: The file.
    ///   - bytes: What it holds then.
    ///   - waitsForName: False if the name may reach the disk later, with that of another file.
    /// - Throws: `SystemError`.
    borrowing func replace(_ name: String, with bytes: [UInt8], waitsForName: Bool = true) throws {
        let temporary = "\(path)/\(Self.temporaryName)"
        let file = try create(Self.temporaryName, for: name)
        do {
            let output = OutputDescriptor(number: file.number, path: temporary)
            try output.append(bytes)
            try output.synchronise()
            guard unsafe renameat(descriptor.number, Self.temporaryName, descriptor.number, name) == 0 else {
                throw SystemError("create", "\(path)/\(name)", errorNumber: errno)
            }
        } catch {
            remove(Self.temporaryName)
            throw error
        }
        if waitsForName { try OutputDescriptor(number: descriptor.number, path: path).synchronise() }
    }

    /// Opens the file that will become `name`, which is what an error is about.
    private borrowing func create(_ temporary: String, for name: String) throws(SystemError) -> OwnedDescriptor {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
        do { return try OwnedDescriptor(opening: temporary, in: descriptor.number, flags: flags) } catch {
            throw SystemError("create", "\(path)/\(name)", errorNumber: error.errorNumber)
        }
    }

    /// Removes a file of the directory if it is there.
    borrowing func remove(_ name: String) { _ = unsafe unlinkat(descriptor.number, name, 0) }
}

/// Waits for the exclusive lock of an open file.
func lock(_ number: Int32, _ path: @autoclosure () -> String) throws(SystemError) {
    while flock(number, LOCK_EX) != 0 {
        let errorNumber = errno
        guard errorNumber == EINTR else { throw SystemError("lock", path(), errorNumber: errorNumber) }
    }
}
