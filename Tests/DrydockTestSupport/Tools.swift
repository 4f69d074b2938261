// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
public import Testing

/// The programs of this machine that tests use.
public enum Tools: Sendable {
    /// Whether this run is CI's, where every tool must be there.
    public static var isContinuousIntegration: Bool { ProcessInfo.processInfo.environment["CI"] == "true" }

    /// Whether this process may mount file systems and change owners.
    public static var isRoot: Bool { geteuid() == 0 }

    /// The path of a program.
    ///
    /// - Parameters:
    ///   - name: Its name without a directory.
    ///   - searchPath: Directories with colons between them.
    /// - Returns: nil if no directory has an executable file of that name.
    public static func path(of name: String, in searchPath: String? = nil) -> String? {
        let directories = (searchPath ?? Command.baseEnvironment["PATH"] ?? "").split(separator: ":")
        return directories.map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }

    /// Tools that a test needs and this machine lacks: an error only in CI.
    struct Missing: Error, CustomStringConvertible {
        let what: String

        var description: String { "This test needs \(what); 'make test' installs it" }
    }

    static func isSatisfied(_ isThere: Bool, _ what: String) throws -> Bool {
        if !isThere, isContinuousIntegration { throw Missing(what: what) }
        return isThere
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where all these programs are installed; elsewhere it is skipped, but fails in CI.
    public static func requires(_ tools: String...) -> Self {
        .enabled("needs \(tools.joined(separator: ", "))") {
            let missing = tools.filter { Tools.path(of: $0) == nil }
            return try Tools.isSatisfied(missing.isEmpty, missing.joined(separator: ", "))
        }
    }

    /// Runs the test as root; as anyone else it is skipped, but fails in CI.
    public static var requiresRoot: Self {
        .enabled("needs root") { try Tools.isSatisfied(Tools.isRoot, "root") }
    }
}
