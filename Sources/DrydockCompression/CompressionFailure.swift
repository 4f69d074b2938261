// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not be compressed.
///
/// The libraries fail for one reason only: there is no memory for their tables. Every other input can be compressed.
public struct CompressionFailure: Error, Hashable, Sendable {
    /// What was being written.
    public let format: CompressionFormat

    package init(_ format: CompressionFormat) { self.format = format }
}

extension CompressionFailure: CustomStringConvertible {
    /// The sentence for the person.
    public var description: String {
        "Not enough memory to compress with \(format.rawValue); use fewer threads or free some memory"
    }
}
