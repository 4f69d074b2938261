// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import Glibc

/// A system call that failed: what was tried, on which path, and the error number.
public struct SystemError: Error, Equatable, CustomStringConvertible {
    /// What was tried, as it reads after "Cannot": `read`, `create`, `rename`.
    public let operation: String
    /// The path in the user's words.
    public let path: String
    /// The error number, for example `ENOENT`.
    public let errorNumber: Int32
    /// The one action that usually helps, if there is one.
    public let hint: String?

    /// A failure of `operation` on `path`.
    public init(_ operation: String, _ path: String, errorNumber: Int32, hint: String? = nil) {
        self.operation = operation
        self.path = path
        self.errorNumber = errorNumber
        self.hint = hint ?? Self.usualHint(errorNumber)
    }

    /// For example: `Cannot read '/etc/shadow': permission denied (EACCES)`.
    public var description: String {
        let text = "Cannot \(operation) '\(path)': \(Self.text(of: errorNumber))"
        return hint.map { "\(text)\nhint: \($0)" } ?? text
    }

    /// The error number in words and by name, for example `no such file or directory (ENOENT)`.
    package static func text(of errorNumber: Int32) -> String {
        let words = unsafe String(cString: strerror(errorNumber))
        let sentence = words.prefix(1).lowercased() + words.dropFirst()
        guard let name = unsafe drydock_errno_name(errorNumber) else { return sentence }
        return unsafe "\(sentence) (\(String(cString: name)))"
    }

    private static func usualHint(_ errorNumber: Int32) -> String? {
        switch errorNumber {
        case ENOSPC: "free some space there or choose another place with -o or --cache"
        case EPIPE: "the program that reads it ended early; see what it said"
        case EMFILE: "raise the limit of open files, for example with 'ulimit -n 4096'"
        default: nil
        }
    }
}

/// Turns the negated errno of a call of `CDrydockHost` into an error; passes everything else on.
package func checked<Result: SignedInteger>(
    _ result: Result,
    _ operation: String,
    _ path: @autoclosure () -> String
) throws(SystemError) -> Result {
    guard result < 0 else { return result }
    throw SystemError(operation, path(), errorNumber: Int32(-result))
}
