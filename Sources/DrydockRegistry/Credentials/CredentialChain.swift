// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON

/// Looks credentials up in all places where people keep them.
///
/// In this order:
///
/// 1. what was given for a registry itself, on the command line;
/// 2. the auth files in their order. In each one: the entry of the most specific namespace (`quay.io/a/b` before
///    `quay.io/a`); the helper that `credHelpers` names for the registry; the helper of `credsStore`; the registry's own
///    entry;
/// 3. `.netrc`.
///
/// The first place that knows something decides.
public struct CredentialChain: CredentialSource {
    /// An auth file.
    public struct File: Hashable, Sendable {
        /// Where it is.
        public var path: String
        /// Whether somebody named it, so that it has to be there.
        public var isRequired: Bool

        /// A file at a place.
        public init(path: String, isRequired: Bool = false) {
            self.path = path
            self.isRequired = isRequired
        }
    }

    /// What was given by registry.
    public var given: [String: RegistryCredentials] = [:]
    /// The auth files in their order.
    public var files: [File]
    /// Where `.netrc` is.
    public var netrc: String?
    /// How credential helpers are run.
    public var helpers: HelperSettings

    /// The places to look at.
    public init(files: [File], netrc: String? = nil, helpers: HelperSettings) {
        self.files = files
        self.netrc = netrc
        self.helpers = helpers
    }

    /// The credentials for a repository, or for a registry as a whole.
    ///
    /// - Throws: ``CredentialFailure``.
    public func credentials(for registry: String, repository: String?) async throws -> RegistryCredentials {
        try await find(RegistryScope(registry: registry, repository: repository ?? "")).credentials
    }

    /// The credentials and the place that they come from, for people; nil if nothing is known.
    ///
    /// - Throws: ``CredentialFailure``.
    package func find(_ scope: RegistryScope) async throws -> (credentials: RegistryCredentials, place: String?) {
        let givenHere = given.first { RegistryScope(registry: $0.key).registry == scope.registry }
        if let givenHere, givenHere.value != .none { return (givenHere.value, "the command line") }
        for file in files {
            let found = try await find(scope, in: file)
            if found.credentials != .none { return found }
        }
        guard let netrc, let bytes = try Self.read(netrc, limit: NetrcFile.sizeLimit) else { return (.none, nil) }
        let credentials = NetrcFile(parsing: String(decoding: bytes, as: UTF8.self)).credentials(for: scope)
        return (credentials, credentials == .none ? nil : netrc)
    }

    private func find(
        _ scope: RegistryScope,
        in file: File
    ) async throws -> (credentials: RegistryCredentials, place: String?) {
        let auth = try AuthFile(at: file)
        if let (key, entry) = auth.namespaceEntry(for: scope) {
            return (try Self.credentials(of: entry, key, file.path), file.path)
        }
        if let name = auth.helper(for: scope) {
            let helper = try CredentialHelper(name: name, settings: helpers)
            let credentials = try await helper.get(scope.serverAddress)
            if credentials != .none { return (credentials, "docker-credential-\(name)") }
        }
        let own = auth.registryEntry(for: scope)
        if let name = auth.defaultHelper, let helper = try defaultHelper(name, isNeeded: own?.entry.isEmpty == true) {
            let credentials = try await helper.get(scope.serverAddress)
            if credentials != .none { return (credentials, "docker-credential-\(name)") }
        }
        guard let own, !own.entry.isEmpty else { return (.none, nil) }
        return (try Self.credentials(of: own.entry, own.key, file.path), file.path)
    }

    /// The helper of `credsStore`; nil if it is not installed and nobody ever logged in through it.
    ///
    /// Docker Desktop leaves its helper's name in files that are then used where there is none, and a public image must
    /// not need it.
    private func defaultHelper(_ name: String, isNeeded: Bool) throws(CredentialFailure) -> CredentialHelper? {
        do { return try CredentialHelper(name: name, settings: helpers) } catch {
            if error.reason == .helperMissing(name), !isNeeded { return nil }
            throw error
        }
    }

    private static func credentials(
        of entry: AuthFile.Entry,
        _ key: String,
        _ path: String
    ) throws(CredentialFailure) -> RegistryCredentials {
        guard let credentials = entry.credentials else {
            throw CredentialFailure(.malformedEntry(path: path, registry: key))
        }
        return credentials
    }

    /// The bytes of a file; nil if it does not exist.
    static func read(_ path: String, limit: Int) throws(CredentialFailure) -> [UInt8]? {
        do {
            return try HostFile.read(path, limit: limit)
        } catch {
            if error.isMissingFile { return nil }
            throw CredentialFailure(.file(operation: "read", path: path, clause: error.clause))
        }
    }
}

extension AuthFile {
    /// Reads a file; an empty one if there is none and none has to be.
    ///
    /// - Throws: ``CredentialFailure``.
    init(at file: CredentialChain.File) throws(CredentialFailure) {
        guard let bytes = try CredentialChain.read(file.path, limit: Self.sizeLimit + 1) else {
            if file.isRequired { throw CredentialFailure(.missingFile(file.path)) }
            self.init()
            return
        }
        do { try self.init(parsing: bytes) } catch {
            throw CredentialFailure(.malformedFile(file.path, clause: error.clause))
        }
    }
}
