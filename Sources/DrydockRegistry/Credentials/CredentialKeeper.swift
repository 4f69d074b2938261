// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// Keeps credentials and forgets them, as `login` and `logout` do.
///
/// A file is replaced as a whole: another program sees it before or after, never in between. It is readable for its owner
/// alone, and what this program does not know of it stays.
public struct CredentialKeeper: Sendable {
    /// The places where credentials are looked up.
    public var chain: CredentialChain
    /// The file that gets credentials which no file has yet.
    public var preferredFile: String

    /// Keeps credentials in the first file of the chain that knows the registry, or else in the preferred one.
    public init(chain: CredentialChain, preferredFile: String) {
        self.chain = chain
        self.preferredFile = preferredFile
    }

    /// Keeps the credentials of a registry: with the helper that the file names, or else in the file.
    ///
    /// - Returns: Where they are now, for people.
    /// - Throws: ``CredentialFailure``.
    public func keep(_ credentials: RegistryCredentials, for registry: String) async throws -> String {
        let scope = RegistryScope(registry: registry)
        let path = try file(for: scope)
        var auth = try AuthFile(at: CredentialChain.File(path: path))
        if let name = auth.helper(for: scope) ?? auth.defaultHelper {
            let helper = try CredentialHelper(name: name, settings: chain.helpers)
            try await helper.store(scope.serverAddress, credentials)
            // The empty entry tells Docker that there is something to ask the helper for.
            if auth.helper(for: scope) == nil {
                auth.setEntry(for: scope, AuthFile.Entry(.none))
                try Self.write(auth, to: path)
            }
            return "docker-credential-\(name)"
        }
        auth.setEntry(for: scope, AuthFile.Entry(credentials))
        try Self.write(auth, to: path)
        return path
    }

    /// Forgets the credentials of a registry in all files and their helpers.
    ///
    /// - Returns: From where they were removed, for people; nothing if nobody had any.
    /// - Throws: ``CredentialFailure``.
    public func forget(_ registry: String) async throws -> [String] {
        let scope = RegistryScope(registry: registry)
        var places: [String] = []
        for path in Self.distinct(chain.files.map(\.path) + [preferredFile]) {
            var auth = try AuthFile(at: CredentialChain.File(path: path))
            let entry = auth.registryEntry(for: scope)?.entry
            if let name = auth.helper(for: scope) ?? (entry?.isEmpty == true ? auth.defaultHelper : nil) {
                let helper = try CredentialHelper(name: name, settings: chain.helpers)
                if try await helper.get(scope.serverAddress) != .none {
                    try await helper.erase(scope.serverAddress)
                    places.append("docker-credential-\(name)")
                }
            }
            guard auth.removeEntries(for: scope) else { continue }
            try Self.write(auth, to: path)
            if entry?.isEmpty == false { places.append(path) }
        }
        return places
    }

    private func file(for scope: RegistryScope) throws -> String {
        let known = try chain.files.first { file in
            let auth = try AuthFile(at: CredentialChain.File(path: file.path))
            return auth.registryEntry(for: scope) != nil || auth.helper(for: scope) != nil
        }
        return known?.path ?? preferredFile
    }

    private static func distinct(_ paths: [String]) -> [String] {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted }
    }

    private static func write(_ auth: AuthFile, to path: String) throws(CredentialFailure) {
        // A link stays a link: people keep such files elsewhere and link to them.
        let target = unsafe realpath(path, nil).map { resolved in
            defer { unsafe free(resolved) }
            return unsafe String(cString: resolved)
        }
        do {
            try makeDirectory(of: path)
            let file = try PendingFile(for: target ?? path, mode: 0o600)
            try OutputDescriptor(number: file.number, path: path).write(auth.bytes, at: 0)
            try file.commit(isDurable: true)
        } catch let error as SystemError {
            throw CredentialFailure(.file(operation: "write", path: path, clause: error.clause))
        } catch {
            throw CredentialFailure(.file(operation: "write", path: path, clause: "\(error)"))
        }
    }

    /// Makes the directories above a file, for their owner alone.
    private static func makeDirectory(of path: String) throws(SystemError) {
        var end = path.startIndex
        while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
            let directory = String(path[..<slash])
            if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
                throw SystemError("create", directory, errorNumber: errno)
            }
            end = slash
        }
    }
}

extension SystemError {
    /// Whether it says that there is no such file.
    var isMissingFile: Bool { errorNumber == ENOENT || errorNumber == ENOTDIR }

    /// The reason, as it reads after a colon.
    var clause: String { Self.text(of: errorNumber) }
}
