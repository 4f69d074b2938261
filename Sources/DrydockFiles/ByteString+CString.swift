// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

extension ByteString {
    /// Calls `body` with the bytes and a NUL behind them, as the system's calls want a name.
    ///
    /// Bytes behind a NUL within the name are not seen; names that come from a file system have none.
    package func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let terminated = unsafe [CChar](unsafeUninitializedCapacity: count + 1) { buffer, initialized in
            for position in 0..<count { unsafe buffer[position] = CChar(bitPattern: bytes[position]) }
            unsafe buffer[count] = 0
            initialized = count + 1
        }
        // An array of at least one element has a base address.
        return unsafe terminated.withUnsafeBufferPointer { pointer in
            guard let base = pointer.baseAddress else { preconditionFailure("An array with elements has no address") }
            return unsafe body(base)
        }
    }
}
