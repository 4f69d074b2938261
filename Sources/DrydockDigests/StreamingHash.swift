// SPDX-License-Identifier: Apache-2.0

import Crypto

/// SHA-256 over a stream of bytes.
public struct StreamingHash: Sendable {
    private var state = SHA256()

    /// The number of bytes seen so far.
    public private(set) var byteCount: Int64 = 0

    /// Starts with no bytes.
    public init() {}

    /// Appends bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe state.update(bufferPointer: bytes)
        byteCount += Int64(bytes.count)
    }

    /// Appends bytes.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The digest of everything seen so far; more may follow.
    public func finish() -> Digest {
        // The digest of swift-crypto's SHA256 always has 32 bytes.
        guard let digest = Digest(bytes: Array(state.finalize())) else {
            preconditionFailure("SHA-256 gave a digest that does not have 32 bytes")
        }
        return digest
    }
}
