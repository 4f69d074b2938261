// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of an archive come from, in order.
///
/// The reader asks for headers in single blocks; a source whose reading costs a system call should buffer.
public protocol TarSource {
    /// Fills the buffer, or a part of it, with the next bytes.
    ///
    /// - Returns: The number of bytes read, at most the buffer's size; 0 only at the end, or for an empty buffer.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Passes over the next bytes.
    ///
    /// It isn't an error to pass over the end, as `lseek` does: the next read then returns 0.
    mutating func skip(_ count: Int64) throws
}
