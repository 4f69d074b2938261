// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockStorage
import Foundation

/// Where the local store is.
struct CacheOption: ParsableArguments {
    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp(
            "The directory of the cache (default: $DRYDOCK_CACHE, $XDG_CACHE_HOME/drydock or ~/.cache/drydock).",
            valueName: "dir"
        ),
        completion: .directory
    )
    var directory: String?

    /// The store in the directory that the option or the environment names.
    ///
    /// - Throws: ``CacheLocation/Missing``.
    func store() throws -> LocalStore {
        let location = CacheLocation(
            option: directory,
            variables: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath
        )
        return LocalStore(at: try location.directory, now: Int64(Date().timeIntervalSince1970))
    }

    /// The same store for what must pass through one: where it cannot be used, one that lasts as long as this process.
    ///
    /// Prints a warning then.
    ///
    /// - Returns: A store that can be written.
    /// - Throws: `SystemError` if there is no place for another one, either.
    func workingStore() throws -> LocalStore {
        do {
            let store = try store()
            try store.requireWritable()
            return store
        } catch {
            let isNew = !TemporaryCache.isMade
            let store = LocalStore(at: try TemporaryCache.directory(), now: Int64(Date().timeIntervalSince1970))
            guard isNew else { return store }
            let reason = "\(error)".prefix { $0 != "\n" }
            try Output.warnings([
                "\(reason); what needs a cache is kept in '\(store.directory)' until this command ends"
            ])
            return store
        }
    }
}

/// What decides where the local store is.
struct CacheLocation {
    /// What was written on the command line.
    let option: String?
    /// The variables of the environment.
    let variables: [String: String]
    /// Where relative paths start.
    let workingDirectory: String

    /// There is neither a home nor anything that names another place.
    struct Missing: Error, CustomStringConvertible {
        var description: String {
            "There is no place for a cache: neither DRYDOCK_CACHE nor XDG_CACHE_HOME nor HOME is set\n"
                + "hint: name a directory with --cache"
        }
    }

    /// The absolute path.
    var directory: String {
        get throws {
            if let path = option ?? value("DRYDOCK_CACHE") { return absolute(path) }
            // "If an implementation encounters a relative path …, it should consider the path invalid and ignore it."
            if let path = value("XDG_CACHE_HOME"), path.hasPrefix("/") { return path + "/drydock" }
            if let path = value("HOME"), path.hasPrefix("/") { return path + "/.cache/drydock" }
            throw Missing()
        }
    }

    /// A variable; empty ones count as not set.
    private func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func absolute(_ path: String) -> String {
        let path = path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
