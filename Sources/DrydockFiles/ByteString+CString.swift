// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

extension ByteString {
    /// Calls `body` with the bytes and a NUL behind them, as the system's calls want a name.
    ///
    /// Bytes behind a NUL within the name are not seen; names that come from a file system have none.
    package func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        // On the stack: names are short, and walks have very many of them.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
            unsafe bytes.withUnsafeBytes { bytes in unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            }
            unsafe buffer[count] = 0
            guard let base = buffer.baseAddress else { preconditionFailure("A buffer with room has no address") }
            return unsafe body(base)
        }
    }
}
