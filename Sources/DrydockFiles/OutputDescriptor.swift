// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// A descriptor to write to, owned by someone else who keeps it open for as long as this value is used.
public struct OutputDescriptor: Sendable {
    /// The number of the open descriptor.
    public let number: Int32
    /// What it is in the user's words.
    public let path: String

    /// The most that one call writes.
    ///
    /// Larger steps at aligned offsets make newer kernels look for as large a piece of connected memory to cache them
    /// in; with ext4 on Linux 6.18 a megabyte at a time takes six times as long as this.
    private static let stepSize = 256 << 10

    /// Standard output.
    public static let standardOutput = OutputDescriptor(number: 1, path: "standard output")
    /// Standard error.
    public static let standardError = OutputDescriptor(number: 2, path: "standard error")

    /// A descriptor that stays open as long as this value is used.
    public init(number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    /// Writes all bytes at an offset.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        guard let base = bytes.baseAddress else { return }
        var count = 0
        while count < bytes.count {
            let size = min(bytes.count - count, Self.stepSize)
            let result = unsafe drydock_pwrite(number, base + count, size, offset + Int64(count))
            count += try checked(result, "write", path)
        }
    }

    /// Writes all bytes at the present position, as a pipe needs it.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        guard let base = bytes.baseAddress else { return }
        var count = 0
        while count < bytes.count {
            count += try checked(unsafe drydock_write(number, base + count, bytes.count - count), "write", path)
        }
    }

    /// Copies a file to the present position, whose bytes a file system that can do so shares.
    ///
    /// - Parameters:
    ///   - source: A file that was not read from yet.
    ///   - size: How many bytes it has.
    /// - Throws: ``SystemError`` with the operation `write`.
    public func append(_ source: borrowing OwnedDescriptor, size: Int64) throws(SystemError) {
        _ = try checked(drydock_copy_file(source.number, number, size), "write", path)
    }

    /// Cuts the file off at `size` bytes, or extends it with zeros.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func setSize(_ size: Int64) throws(SystemError) {
        guard ftruncate(number, Int(size)) != 0 else { return }
        throw SystemError("write", path, errorNumber: errno)
    }

    /// Waits until everything that was written has reached the disk.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func synchronise() throws(SystemError) {
        while fsync(number) != 0 {
            let errorNumber = errno
            // EINVAL and EROFS: the file system has nothing to wait for.
            if errorNumber == EINVAL || errorNumber == EROFS { return }
            guard errorNumber == EINTR else { throw SystemError("write", path, errorNumber: errorNumber) }
        }
    }

    /// Lets the file system report what it found wrong with earlier writes, as some do when a file is closed (NFS, quotas).
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func reportFailures() throws(SystemError) {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("write", path, errorNumber: errno) }
        try OwnedDescriptor(adopting: copy).close(path: path)
    }

    /// Begins to write a part of the file to the disk, so that ``synchronise()`` has less to wait for.
    public func startWriteback(at offset: Int64, count: Int64) { drydock_start_writeback(number, offset, count) }

    /// Reserves room for `size` bytes, so that a full disk is noticed before the work is done.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func reserve(_ size: Int64) throws(SystemError) {
        _ = try checked(drydock_reserve(number, size), "write", path)
    }

    /// Writes all bytes at an offset.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func write(_ bytes: [UInt8], at offset: Int64) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe write($0, at: offset) }
    }

    /// Writes all bytes at the present position.
    ///
    /// - Throws: ``SystemError`` with the operation `write`.
    public func append(_ bytes: [UInt8]) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe append($0) }
    }

    /// The number of columns if it is a terminal.
    public var terminalWidth: Int? {
        var columns: Int32 = 0
        return unsafe drydock_terminal(number, &columns) == 0 ? nil : Int(columns)
    }
}
