// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// What `registries.conf` and the files beside it say: mirrors, other locations, insecure and blocked registries.
///
/// [Version 2](https://github.com/containers/image/blob/v5.32.0/docs/containers-registries.conf.5.md). Short names are
/// none of its business here: a reference without a registry means the default one, so `unqualified-search-registries`
/// and aliases are not read.
public struct RegistriesConfiguration: Hashable, Sendable {
    /// Where the files are.
    public struct Places: Hashable, Sendable {
        /// The main file: the first that exists.
        public var main: [String]
        /// Whether somebody named the main file, so that it has to be there.
        public var isMainRequired: Bool
        /// Directories whose files `*.conf` add to it, later ones in place of earlier ones.
        public var dropIns: [String]

        /// The files at these places.
        public init(main: [String], isMainRequired: Bool = false, dropIns: [String] = []) {
            self.main = main
            self.isMainRequired = isMainRequired
            self.dropIns = dropIns
        }
    }

    /// One table `[[registry]]`.
    public struct Rule: Hashable, Sendable {
        /// The names that it is for: a registry, a namespace or a repository of it, or `*.DOMAIN`.
        public var prefix: String
        /// What stands in place of the prefix; nil for the prefix itself.
        public var location: String?
        /// Whether HTTP, and certificates that nobody vouches for, will do.
        public var isInsecure = false
        /// Whether it may not be used.
        public var isBlocked = false
        /// Mirrors in the order in which they are tried.
        public var mirrors: [Mirror] = []
        /// The file that says so.
        public var path: String
    }

    /// One table `[[registry.mirror]]`.
    public struct Mirror: Hashable, Sendable {
        /// What stands in place of the rule's prefix.
        public var location: String
        /// Whether HTTP, and certificates that nobody vouches for, will do.
        public var isInsecure = false
        /// What may be pulled from it.
        public var use = Use.all
    }

    /// What may be pulled from a mirror.
    public enum Use: String, Hashable, Sendable {
        /// Everything.
        case all
        /// Only what is named by its digest, which an old copy cannot change.
        case digestOnly = "digest-only"
        /// Only what is named by a tag.
        case tagOnly = "tag-only"
    }

    /// The rules by prefix.
    public internal(set) var rules: [Rule] = []

    /// These rules, or none.
    public init(rules: [Rule] = []) { self.rules = rules }

    /// Reads the files.
    ///
    /// - Throws: ``RegistryConfigurationFailure``.
    public init(at places: Places) throws(RegistryConfigurationFailure) {
        for path in places.main {
            guard let rules = try Self.rules(at: path) else {
                if places.isMainRequired {
                    throw RegistryConfigurationFailure(.file(path, clause: "there is no such file"))
                }
                continue
            }
            self.rules = rules
            break
        }
        for directory in places.dropIns {
            for name in try CertificateDirectory.names(in: directory) ?? [] where name.hasSuffix(".conf") {
                merge(try Self.rules(at: "\(directory)/\(name)") ?? [])
            }
        }
    }

    /// A rule of a later file takes the place of one with the same prefix.
    private mutating func merge(_ later: [Rule]) {
        let prefixes = Set(later.map(\.prefix))
        rules = rules.filter { !prefixes.contains($0.prefix) } + later
    }

    /// The most that is read of one file, in bytes.
    static let sizeLimit = 1 << 20

    private static func rules(at path: String) throws(RegistryConfigurationFailure) -> [Rule]? {
        let bytes: [UInt8]
        do { bytes = try HostFile.read(path, limit: sizeLimit + 1) } catch {
            if error.isMissingFile { return nil }
            throw RegistryConfigurationFailure(.file(path, clause: error.clause))
        }
        return try rules(parsing: bytes, path: path)
    }
}

// MARK: - Looking up

extension RegistriesConfiguration {
    /// Where a repository is, by one of the tables.
    public struct Location: Hashable, Sendable {
        /// The registry with an optional port.
        public var registry: String
        /// The repository there.
        public var repository: String
        /// Whether HTTP, and certificates that nobody vouches for, will do.
        public var isInsecure: Bool
        /// What may be pulled from there.
        public var use: Use
    }

    /// The rule with the longest prefix of a name such as `docker.io/library/redis`.
    public func rule(for name: String) -> Rule? {
        rules.filter { $0.matchLength(name) != nil }.max { ($0.matchLength(name) ?? 0) < ($1.matchLength(name) ?? 0) }
    }

    /// The places to pull a repository from: mirrors first, the registry itself last.
    ///
    /// - Throws: ``RegistryConfigurationFailure`` if the registry is blocked.
    public func locations(
        registry: String,
        repository: String
    ) throws(RegistryConfigurationFailure) -> (mirrors: [Location], primary: Location) {
        let name = "\(registry)/\(repository)"
        guard let rule = rule(for: name) else {
            return ([], Location(registry: registry, repository: repository, isInsecure: false, use: .all))
        }
        if rule.isBlocked { throw RegistryConfigurationFailure(.blocked(registry: rule.prefix, path: rule.path)) }
        let rest = name.dropFirst(rule.matchLength(name) ?? 0)
        let mirrors = rule.mirrors.map { Location($0.location + rest, $0.isInsecure, $0.use) }
        return (mirrors, Location((rule.location.map { $0 + rest } ?? name), rule.isInsecure, .all))
    }
}

extension RegistriesConfiguration.Location {
    init(_ name: String, _ isInsecure: Bool, _ use: RegistriesConfiguration.Use) {
        let slash = name.firstIndex(of: "/") ?? name.endIndex
        registry = String(name[..<slash])
        repository = String(name[slash...].drop { $0 == "/" })
        self.isInsecure = isInsecure
        self.use = use
    }
}

extension RegistriesConfiguration.Rule {
    /// How many characters of a name the prefix stands for; nil if it does not fit.
    func matchLength(_ name: String) -> Int? {
        if prefix.hasPrefix("*.") {
            let host = name.prefix { $0 != "/" }
            // A port belongs to the host: '*.example.com' does not fit 'a.example.com:5000'.
            return host.hasSuffix(prefix.dropFirst()) ? host.count : nil
        }
        guard name.hasPrefix(prefix) else { return nil }
        let next = name.dropFirst(prefix.count).first
        return next == nil || next == "/" ? prefix.count : nil
    }
}
