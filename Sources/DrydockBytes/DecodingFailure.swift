// SPDX-License-Identifier: Apache-2.0

/// Bytes that do not hold what was to be read from them.
public struct DecodingFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// The bytes end too early; both numbers count bytes from the offset.
        case insufficientData(needed: Int, available: Int)
        /// A length is below zero.
        case negativeLength(Int)
        /// No zero byte ends the string within so many bytes.
        case unterminatedString(limit: Int)
    }

    /// What is wrong.
    public let reason: Reason
    /// Where the read began, in bytes from the start.
    public let offset: Int

    /// A failure at an offset.
    public init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// For example: `The data ends too early at byte 12: expected 8 bytes, got 3`.
    public var description: String {
        switch reason {
        case .insufficientData(let needed, let available):
            "The data ends too early at byte \(offset): expected \(needed) bytes, got \(available)"
        case .negativeLength(let length):
            "The length of the field at byte \(offset) is negative: \(length)"
        case .unterminatedString(let limit):
            "The string at byte \(offset) has no end within \(limit) bytes"
        }
    }
}
