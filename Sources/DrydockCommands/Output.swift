// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockFiles
import DrydockJSON
import DrydockOCI
import Glibc

/// What a command prints: results on standard output, everything else on standard error.
enum Output {
    static func text(_ text: String, toStandardError: Bool = false) throws {
        guard toStandardError else { return try bytes(Array(text.utf8)) }
        try OutputDescriptor.standardError.append(Array(text.utf8))
    }

    /// Sentences that do not stop the work, on standard error.
    static func warnings(_ sentences: [String]) throws {
        for sentence in sentences { try text("warning: \(sentence)\n", toStandardError: true) }
    }

    /// Sentences that tell what was found out, on standard error.
    static func notes(_ sentences: [String]) throws {
        for sentence in sentences { try text("note: \(sentence)\n", toStandardError: true) }
    }

    /// A reader that has seen enough, such as `head`, ends the command without a word, as SIGPIPE would.
    static func bytes(_ bytes: [UInt8]) throws {
        do {
            try OutputDescriptor.standardOutput.append(bytes)
        } catch let error as SystemError where error.errorNumber == EPIPE {
            throw ExitCode(128 + SIGPIPE)
        }
    }

    /// One object on one line.
    static func json(_ value: JSONValue) throws {
        try bytes(CanonicalJSON.encode(value) + Array("\n".utf8))
    }
}
