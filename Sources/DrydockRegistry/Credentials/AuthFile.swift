// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockJSON

/// A file with credentials in the form that Docker (`config.json`) and Podman (`auth.json`) share.
///
/// [Format](https://github.com/containers/image/blob/v5.32.0/docs/containers-auth.json.5.md). Members that this program
/// does not know are kept when the file is changed.
struct AuthFile: Sendable {
    /// What `auths` says of one registry or namespace.
    struct Entry: Sendable {
        var members: JSONMembers

        /// Whether it says more than that something once logged in there.
        var isEmpty: Bool { ["auth", "identitytoken", "username", "password"].allSatisfy { text($0).isEmpty } }

        func text(_ key: String) -> String {
            guard case .string(let text)? = members.remaining[key] else { return "" }
            return text
        }
    }

    /// The registries and namespaces with what is known of each.
    private(set) var entries: [String: Entry]
    /// The helper that keeps the credentials of all registries which ``helpers`` does not name.
    let defaultHelper: String?
    /// Helpers by registry.
    private(set) var helpers: [String: String]
    /// Everything else.
    private let others: JSONMembers

    /// The most that is read of such a file, in bytes.
    static let sizeLimit = 1 << 20

    /// A file that does not exist yet.
    init() { self.init(members: JSONMembers(), entries: [:], defaultHelper: nil, helpers: [:]) }

    private init(members: JSONMembers, entries: [String: Entry], defaultHelper: String?, helpers: [String: String]) {
        self.entries = entries
        self.defaultHelper = defaultHelper
        self.helpers = helpers
        others = members
    }

    /// Reads a file.
    ///
    /// - Throws: `JSONFailure`, which names keys but no values.
    init(parsing bytes: [UInt8]) throws(JSONFailure) {
        // Docker takes an empty file for one without credentials.
        guard bytes.contains(where: { $0 > 0x20 }) else {
            self.init()
            return
        }
        let value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: Self.sizeLimit, values: 1 << 16))
        var members = try JSONMembers(json: value)
        let auths: [String: JSONMembers] = try members.take("auths") ?? [:]
        let defaultHelper: String? = try members.take("credsStore")
        let helpers: [String: String] = try members.take("credHelpers") ?? [:]
        self.init(
            members: members,
            entries: auths.mapValues(Entry.init),
            defaultHelper: defaultHelper == "" ? nil : defaultHelper,
            helpers: helpers
        )
    }

    /// The file's text: tabs and line breaks as Docker writes them.
    var bytes: [UInt8] {
        var members = others
        members.put("auths", entries.isEmpty ? nil : entries.mapValues(\.members))
        members.put("credsStore", defaultHelper)
        members.put("credHelpers", helpers.isEmpty ? nil : helpers)
        return IndentedJSON.encode(members.json)
    }
}

// MARK: - Finding

extension AuthFile {
    /// The helper that the file names for this registry alone.
    func helper(for scope: RegistryScope) -> String? {
        if let helper = helpers[scope.registry] ?? helpers[scope.serverAddress] { return helper }
        return helpers.sorted { $0.key < $1.key }.first { scope.isNamed(by: $0.key) }?.value
    }

    /// The entry of the most specific namespace below the registry.
    func namespaceEntry(for scope: RegistryScope) -> (key: String, entry: Entry)? {
        for name in scope.namespaces.dropLast() {
            if let entry = entries[name], !entry.isEmpty { return (name, entry) }
        }
        return nil
    }

    /// The entry of the whole registry, empty or not.
    func registryEntry(for scope: RegistryScope) -> (key: String, entry: Entry)? {
        for key in [scope.registry, scope.serverAddress] {
            if let entry = entries[key] { return (key, entry) }
        }
        let named = entries.sorted { $0.key < $1.key }.filter { scope.isNamed(by: $0.key) }
        return (named.first { !$0.value.isEmpty } ?? named.first).map { ($0.key, $0.value) }
    }
}

// MARK: - Changing

extension AuthFile {
    /// Notes the credentials of a registry, in place of those that were there under any of its names.
    mutating func setEntry(for scope: RegistryScope, _ entry: Entry) {
        let key = registryEntry(for: scope)?.key ?? scope.serverAddress
        removeEntries(for: scope)
        entries[key] = entry
    }

    /// Removes what is known of a registry under any of its names; its namespaces stay.
    ///
    /// - Returns: Whether there was something.
    @discardableResult
    mutating func removeEntries(for scope: RegistryScope) -> Bool {
        let keys = entries.keys.filter { $0 == scope.registry || scope.isNamed(by: $0) }
        for key in keys { entries[key] = nil }
        return !keys.isEmpty
    }
}
