// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

extension RegistriesConfiguration {
    /// Reads the tables `[[registry]]` of one file; keys that it does not know are skipped, as containers' tools do.
    ///
    /// - Throws: ``RegistryConfigurationFailure``.
    package static func rules(parsing bytes: [UInt8], path: String) throws(RegistryConfigurationFailure) -> [Rule] {
        guard bytes.count <= sizeLimit else {
            throw RegistryConfigurationFailure(.malformed(path, clause: "expected at most \(sizeLimit) bytes"))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RegistryConfigurationFailure(.malformed(path, clause: "it is not text in UTF-8"))
        }
        let table = RegistryTable(try document(text, path), path: path)
        if table.hasTable("registries") { throw RegistryConfigurationFailure(.version1(path)) }
        var rules: [Rule] = []
        for entry in try table.tables("registry") { rules.append(try rule(entry)) }
        return rules
    }

    private static func document(
        _ text: String,
        _ path: String
    ) throws(RegistryConfigurationFailure) -> [String: JSONValue] {
        do {
            guard case .object(let members) = try TOMLDocument.parse(text) else { return [:] }
            return members
        } catch {
            let clause = "line \(error.line), column \(error.column): \(error.reason)"
            throw RegistryConfigurationFailure(.malformed(path, clause: clause))
        }
    }

    private static func rule(_ table: RegistryTable) throws(RegistryConfigurationFailure) -> Rule {
        let location = try table.name("location")
        guard let prefix = try table.name("prefix", allowsWildcard: true) ?? location else {
            throw table.failure("prefix", "it or 'location' has to be there")
        }
        var rule = Rule(prefix: prefix, location: location, path: table.path)
        rule.isInsecure = try table.flag("insecure")
        rule.isBlocked = try table.flag("blocked")
        let isByDigestOnly = try table.flag("mirror-by-digest-only")
        for entry in try table.tables("mirror") { rule.mirrors.append(try mirror(entry, isByDigestOnly)) }
        return rule
    }

    private static func mirror(
        _ table: RegistryTable,
        _ isByDigestOnly: Bool
    ) throws(RegistryConfigurationFailure) -> Mirror {
        guard let location = try table.name("location") else { throw table.failure("location", "is missing") }
        var mirror = Mirror(location: location)
        mirror.isInsecure = try table.flag("insecure")
        if isByDigestOnly { mirror.use = .digestOnly }
        guard let text = try table.text("pull-from-mirror") else { return mirror }
        guard let use = Use(rawValue: text) else {
            throw table.failure("pull-from-mirror", "expected 'all', 'digest-only' or 'tag-only'")
        }
        mirror.use = use
        return mirror
    }
}

/// A table of the file while it is read.
private struct RegistryTable {
    let path: String
    private let table: [String: JSONValue]
    private let name: String

    init(_ table: [String: JSONValue], path: String, name: String = "") {
        self.table = table
        self.path = path
        self.name = name
    }

    func hasTable(_ key: String) -> Bool {
        if case .object? = table[key] { return true }
        return false
    }

    func failure(_ key: String, _ clause: String) -> RegistryConfigurationFailure {
        RegistryConfigurationFailure(.value(path: path, key: name.isEmpty ? key : "\(name).\(key)", clause: clause))
    }

    func tables(_ key: String) throws(RegistryConfigurationFailure) -> [RegistryTable] {
        guard let value = table[key] else { return [] }
        guard case .array(let array) = value else { throw failure(key, "expected tables [[\(key)]]") }
        var tables: [RegistryTable] = []
        for (position, element) in array.enumerated() {
            let name = "\(self.name.isEmpty ? "" : "\(self.name).")\(key)[\(position)]"
            guard case .object(let element) = element else { throw failure(key, "expected tables [[\(key)]]") }
            tables.append(RegistryTable(element, path: path, name: name))
        }
        return tables
    }

    func text(_ key: String) throws(RegistryConfigurationFailure) -> String? {
        guard let value = table[key] else { return nil }
        guard case .string(let text) = value else { throw failure(key, "expected a text") }
        return text
    }

    func flag(_ key: String) throws(RegistryConfigurationFailure) -> Bool {
        guard let value = table[key] else { return false }
        guard case .bool(let flag) = value else { throw failure(key, "expected true or false") }
        return flag
    }

    /// A registry with an optional namespace; an empty text counts as absent.
    func name(_ key: String, allowsWildcard: Bool = false) throws(RegistryConfigurationFailure) -> String? {
        guard var text = try text(key), !text.isEmpty else { return nil }
        if text.contains("://") { throw failure(key, "expected a registry without a scheme") }
        while text.hasSuffix("/") { text.removeLast() }
        let isName = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "!")...UInt8(ascii: "~")).contains(byte)
                && ![UInt8(ascii: "*"), UInt8(ascii: "@")].contains(byte)
        }
        let wildcard = text.hasPrefix("*.") && allowsWildcard && !text.dropFirst(2).contains { "*/@".contains($0) }
        guard !text.isEmpty, !text.hasPrefix("/"), isName || wildcard else {
            throw failure(key, "expected a registry with an optional namespace")
        }
        return text
    }
}
