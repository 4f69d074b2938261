// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// Says that the store is in use, so that nobody moves it aside meanwhile.
///
/// SQLite locks the database file itself, but a database must not be renamed while another process has it open: the two
/// would write to one log with two databases. Every process that has the store open holds this lock with others; who
/// moves it aside holds it alone. The kernel gives the lock back when a process ends, however it ends.
/// [SQLite, How To Corrupt](https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use)
final class StoreLock: Sendable {
    private let descriptor: OwnedDescriptor
    private let path: String

    /// Waits until nobody holds the lock alone.
    ///
    /// - Throws: ``LocalStoreFailure``.
    init(path: String, patience: Int) throws {
        self.path = path
        do {
            descriptor = try OwnedDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        } catch { throw LocalStoreFailure(.system(error), path: path) }
        try share(patience: patience)
    }

    /// Holds the lock with others.
    func share(patience: Int) throws {
        // Asked again and again rather than waited for: a process that was stopped must not stop this one.
        for _ in 0..<max(1, patience / Self.step) {
            if try take(LOCK_SH) { return }
            usleep(UInt32(Self.step) * 1_000)
        }
        throw LocalStoreFailure(.locked, path: path)
    }

    /// Holds the lock alone, unless others hold it; then it may be lost altogether.
    func takeAlone() throws -> Bool { try take(LOCK_EX) }

    private func take(_ kind: Int32) throws -> Bool {
        guard flock(descriptor.number, kind | LOCK_NB) != 0 else { return true }
        let errorNumber = errno
        if errorNumber == EWOULDBLOCK || errorNumber == EINTR { return false }
        throw LocalStoreFailure(.system(SystemError("lock", path, errorNumber: errorNumber)), path: path)
    }

    /// The milliseconds between two attempts.
    private static let step = 10
}
