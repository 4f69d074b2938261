// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// A NAR that is damaged, hostile, or in a form that Nix does not write.
public struct NARReadingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the NAR.
    public enum Reason: Hashable, Sendable {
        /// It ends too early.
        case truncated
        /// It does not begin as every NAR does.
        case badMagic
        /// Another word stands where only these can.
        case unexpectedWord(expected: [String], actual: ByteString)
        /// A word is longer than any that the format has.
        case unexpectedLength(expected: [String], length: UInt64)
        /// The bytes that fill a string up to a multiple of eight are not zero.
        case nonzeroPadding
        /// A name is longer than the limit.
        case nameTooLong(length: UInt64, limit: Int)
        /// A name is empty, `.` or `..`, or has a slash or a NUL byte.
        case badName(ByteString)
        /// The names in a directory are not in ascending order.
        case unsorted(ByteString, after: ByteString)
        /// A name is in a directory twice.
        case repeated(ByteString)
        /// A link's target is longer than the limit.
        case targetTooLong(length: UInt64, limit: Int)
        /// A link's target is empty or has a NUL byte.
        case badTarget(ByteString)
        /// The mark of an executable file has a value.
        case markWithValue
        /// A file is larger than anything can be.
        case fileTooLarge(size: UInt64)
        /// There are more directories inside each other than the limit.
        case tooDeep(limit: Int)
        /// There are more entries than the limit.
        case tooManyEntries(limit: Int)
        /// Something follows the end.
        case trailingBytes
    }

    /// What is wrong with the NAR.
    public let reason: Reason
    /// Where the string begins that is wrong, or where the NAR ends too early, counted from its first byte.
    public let offset: Int64

    /// A failure at that offset.
    package init(_ reason: Reason, at offset: Int64) {
        self.reason = reason
        self.offset = offset
    }

    /// For example: `Cannot read the NAR at byte 112: expected 'contents', got 'content'`.
    public var description: String { "Cannot read the NAR at byte \(offset): \(reason.text)" }
}

extension NARReadingFailure.Reason {
    fileprivate var text: String {
        switch self {
        case .truncated: "it ends too early\nhint: the file is probably incomplete: get it again"
        case .badMagic: "expected 'nix-archive-1', which every NAR begins with"
        case .unexpectedWord(let expected, let actual): "expected \(Self.list(expected)), got '\(actual)'"
        case .unexpectedLength(let expected, let length):
            "expected \(Self.list(expected)), got a string of \(length) bytes"
        case .nonzeroPadding: "the bytes that fill up a string are not zero"
        case .nameTooLong(let length, let limit): "a name has \(length) bytes, the limit is \(limit)"
        case .badName(let name): "'\(name)' is not a name that a file can have"
        case .unsorted(let name, let last): "'\(name)' comes after '\(last)', but names must be in ascending order"
        case .repeated(let name): "'\(name)' is in its directory twice"
        case .targetTooLong(let length, let limit): "a link's target has \(length) bytes, the limit is \(limit)"
        case .badTarget(let target): "'\(target)' is not a target that a link can have"
        case .markWithValue: "the mark of an executable file is not empty"
        case .fileTooLarge(let size): "a file has \(size) bytes, more than a file can have"
        case .tooDeep(let limit): "more than \(limit) directories are inside each other"
        case .tooManyEntries(let limit): "it has more entries than the limit of \(limit)"
        case .trailingBytes: "other bytes follow its end"
        }
    }

    private static func list(_ words: [String]) -> String { words.map { "'\($0)'" }.joined(separator: " or ") }
}
