// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// Settings for registries that are not what they should be.
public struct RegistryConfigurationFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// A file or directory cannot be read; the clause says why.
        case file(String, clause: String)
        /// A file is not TOML; the clause says where.
        case malformed(String, clause: String)
        /// A value of a file has another kind or form; the clause says what was expected.
        case value(path: String, key: String, clause: String)
        /// A file of the first version, which had other tables.
        case version1(String)
        /// A certificate without its key, or a key without its certificate.
        case missingPartner(String, partner: String)
        /// The registry may not be used.
        case blocked(registry: String, path: String)
        /// A variable does not name a proxy.
        case proxy(variable: String, clause: String)
    }

    /// What is wrong.
    public let reason: Reason

    package init(_ reason: Reason) { self.reason = reason }

    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        switch reason {
        case .file(let path, let clause): "Cannot read '\(path)': \(clause)"
        case .malformed(let path, let clause): "Cannot read '\(path)': \(clause)"
        case .value(let path, let key, let clause): "Cannot read '\(path)': '\(key)': \(clause)"
        case .version1(let path):
            "Cannot read '\(path)': it has the form of version 1, with [registries.…] tables\n"
                + "hint: write [[registry]] tables, as containers-registries.conf(5) shows"
        case .missingPartner(let path, let partner):
            "Cannot use '\(path)': '\(partner)' is not beside it\n"
                + "hint: a client's certificate is a pair NAME.cert and NAME.key; authorities end with .crt"
        case .blocked(let registry, let path): "'\(registry)' is blocked by '\(path)'"
        case .proxy(let variable, let clause):
            "The variable \(variable) does not name a proxy: \(clause)\nhint: write http://[USER:PASSWORD@]HOST:PORT"
        }
    }
}
