// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON
import DrydockOCI

/// What a command prints: results on standard output, everything else on standard error.
enum Output {
    static func text(_ text: String, toStandardError: Bool = false) throws {
        try (toStandardError ? OutputDescriptor.standardError : .standardOutput).append(Array(text.utf8))
    }

    /// Sentences that do not stop the work, on standard error.
    static func warnings(_ sentences: [String]) throws {
        for sentence in sentences { try text("warning: \(sentence)\n", toStandardError: true) }
    }

    /// Sentences that tell what was found out, on standard error.
    static func notes(_ sentences: [String]) throws {
        for sentence in sentences { try text("note: \(sentence)\n", toStandardError: true) }
    }

    static func bytes(_ bytes: [UInt8]) throws { try OutputDescriptor.standardOutput.append(bytes) }

    /// One object on one line.
    static func json(_ value: JSONValue) throws {
        try bytes(CanonicalJSON.encode(value) + Array("\n".utf8))
    }
}
