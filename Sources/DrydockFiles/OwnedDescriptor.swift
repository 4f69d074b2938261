// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// An open file that is closed exactly once: by ``close()``, or when the value's life ends.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number of the descriptor; valid as long as this value lives.
    public let number: Int32

    /// Takes ownership of an open descriptor.
    package init(adopting number: Int32) { self.number = number }

    /// Opens `path`, relative to `directory` or to the working directory.
    ///
    /// - Throws: ``SystemError`` with the operation `open`.
    public init(
        opening path: String,
        in directory: Int32? = nil,
        flags: Int32 = 0,
        mode: UInt32 = 0o666
    ) throws(SystemError) {
        let result = unsafe drydock_openat(directory ?? AT_FDCWD, path, flags, mode)
        number = try checked(result, flags & O_CREAT != 0 ? "create" : "open", path)
    }

    /// Opens a new file that has no name, in a directory, for reading and writing; it is gone when it is closed.
    ///
    /// - Throws: ``SystemError`` with the operation `create a temporary file in`.
    public init(unnamedIn directory: String) throws(SystemError) {
        var result = unsafe drydock_openat(AT_FDCWD, directory, unnamedFileFlags, 0o600)
        if PendingFile.unnamedFilesAreMissing(-result) {
            let path = "\(directory)/.drydock-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            result = unsafe drydock_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0o600)
            if result >= 0 { _ = unsafe unlink(path) }
        }
        guard result < 0 else {
            number = result
            return
        }
        let hint = "set TMPDIR to a directory that you may write to"
        throw SystemError("create a temporary file in", directory, errorNumber: -result, hint: hint)
    }

    /// A file in memory that holds these bytes and stands at its start; it never reaches a disk, but for swapping.
    ///
    /// - Throws: ``SystemError``.
    public static func inMemory(_ bytes: [UInt8]) throws -> OwnedDescriptor {
        let file = OwnedDescriptor(adopting: try checked(drydock_memory_file(), "create", "a file in memory"))
        try OutputDescriptor(number: file.number, path: "a file in memory").write(bytes, at: 0)
        return file
    }

    deinit { _ = Glibc.close(number) }

    /// Gives the descriptor away: whoever takes the number closes it.
    package consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    /// Closes the file and reports what the file system says at that moment.
    ///
    /// - Throws: ``SystemError``: some file systems report a failed write only here.
    public consuming func close(path: @autoclosure () -> String) throws(SystemError) {
        let number = self.number
        discard self
        guard Glibc.close(number) != 0 else { return }
        let errorNumber = errno
        // The descriptor is gone even when `close` was interrupted; trying again could close someone else's.
        if errorNumber != EINTR { throw SystemError("write", path(), errorNumber: errorNumber) }
    }

    /// What the file system knows of the open file.
    public func status(path: @autoclosure () -> String) throws(SystemError) -> FileStatus {
        var raw = drydock_stat()
        _ = try checked(unsafe drydock_fstat(number, &raw), "read", path())
        return FileStatus(raw)
    }

    /// Reads bytes at an offset, in as many steps as it takes; fewer than asked for only at the end of the file.
    ///
    /// - Throws: ``SystemError`` with the operation `read`.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64,
        path: @autoclosure () -> String
    ) throws(SystemError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var count = 0
        while count < buffer.count {
            let result = unsafe drydock_pread(number, base + count, buffer.count - count, offset + Int64(count))
            let step = try checked(result, "read", path())
            if step == 0 { break }
            count += step
        }
        return count
    }
}
