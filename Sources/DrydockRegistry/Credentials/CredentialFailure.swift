// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// Credentials that could not be looked up or kept.
///
/// Says where they were looked for, and never what they are.
public struct CredentialFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// A file that was named does not exist.
        case missingFile(String)
        /// A file cannot be read or written; the clause says why.
        case file(operation: String, path: String, clause: String)
        /// A file is not what it should be; the clause says where.
        case malformedFile(String, clause: String)
        /// An entry of a file holds no name and password.
        case malformedEntry(path: String, registry: String)
        /// A file names something as a helper that cannot be one.
        case helperName(String)
        /// A helper is not installed.
        case helperMissing(String)
        /// A helper ended with an error; what it said, as far as it is not the secret.
        case helperFailed(String, action: String, registry: String, message: String)
        /// A helper did not end in time, in seconds.
        case helperTooSlow(String, action: String, registry: String, seconds: Int)
        /// A helper answered with something else than credentials.
        case helperAnswer(String, registry: String)
    }

    /// What is wrong.
    public let reason: Reason

    package init(_ reason: Reason) { self.reason = reason }

    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        switch reason {
        case .missingFile(let path):
            "Cannot read '\(path)': there is no such file\nhint: 'drydock login' makes it, or unset REGISTRY_AUTH_FILE"
        case .file(let operation, let path, let clause): "Cannot \(operation) '\(path)': \(clause)"
        case .malformedFile(let path, let clause): "Cannot read '\(path)': \(clause)"
        case .malformedEntry(let path, let registry):
            "Cannot read '\(path)': the entry of '\(registry.clippedForMessage)' holds no name and password\n"
                + "hint: drydock login \(registry.clippedForMessage)"
        case .helperName(let name):
            "'\(name.clippedForMessage)' cannot be a credential helper: expected letters, digits, '-', '_' and '.'"
        case .helperMissing(let name):
            "Cannot find 'docker-credential-\(name)', which an auth file names as a credential helper\n"
                + "hint: install it, or remove it from 'credsStore' or 'credHelpers' of that file"
        case .helperFailed(let name, let action, let registry, let message):
            "'docker-credential-\(name) \(action)' failed for '\(registry)': \(message)"
        case .helperTooSlow(let name, let action, let registry, let seconds):
            "'docker-credential-\(name) \(action)' did not answer for '\(registry)' within \(seconds) seconds"
        case .helperAnswer(let name, let registry):
            "'docker-credential-\(name) get' answered for '\(registry)' with something else than credentials"
        }
    }
}
