// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests

/// Where an image is: registry and repository, with a tag, a digest or both.
///
/// Parsed as Docker does it: `redis` is `docker.io/library/redis`, and the first part is a registry if it has a dot or
/// a colon or is `localhost`. Unlike Docker, an upper-case first part is not taken for a registry.
/// [Grammar of the distribution project](https://github.com/distribution/reference/blob/v0.6.0/reference.go).
///
/// ## Topics
/// ### Parts
/// - ``registry``
/// - ``repository``
/// - ``tag``
/// - ``digest``
/// ### Forms
/// - ``description``
/// - ``familiarDescription``
/// - ``name``
/// - ``familiarName``
public struct ImageReference: Hashable, Sendable {
    /// The host, with `:` and a port if it is not the usual one: `docker.io`, `localhost:5000`.
    public let registry: String
    /// The name inside the registry: `library/redis`.
    public let repository: String
    /// The tag, if one was given.
    public let tag: String?
    /// The digest of manifest or index, if one was given.
    public let digest: Digest?

    /// Docker's own registry, which is meant where none is named.
    public static let defaultRegistry = "docker.io"
    /// What stands before a reference where other images are files.
    public static let locationPrefix = "docker://"
    /// The longest repository, in bytes.
    public static let repositoryLimit = 255
    /// The longest tag, in bytes.
    public static let tagLimit = 128

    /// Parses `[registry/]repository[:tag][@digest]`, where another registry than Docker's own may be meant by default.
    ///
    /// - Parameters:
    ///   - text: The reference.
    ///   - defaultRegistry: The host, with an optional port, of references that name no registry.
    /// - Throws: ``ParsingFailure`` with the first thing that is wrong.
    public init(_ text: String, defaultRegistry: String) throws(ParsingFailure) {
        let parsed = try ImageReference(text)
        guard defaultRegistry != Self.defaultRegistry, !Self.namesRegistry(text) else {
            self = parsed
            return
        }
        guard Self.isRegistry(defaultRegistry), !defaultRegistry.contains("/") else {
            throw ParsingFailure(.malformedRegistry(defaultRegistry), text)
        }
        // What Docker's registry calls `library/redis` others call `redis`.
        self = try ImageReference("\(defaultRegistry)/\(text)")
    }

    /// Parses `[registry/]repository[:tag][@digest]`.
    ///
    /// - Throws: ``ParsingFailure`` with the first thing that is wrong.
    public init(_ text: String) throws(ParsingFailure) {
        guard !text.isEmpty else { throw ParsingFailure(.empty, text) }
        try Self.refuseOtherThings(text)
        let (beforeDigest, digestText) = text.divided(at: text.firstIndex(of: "@"))
        let slash = beforeDigest.lastIndex(of: "/") ?? beforeDigest.startIndex
        let (name, tag) = beforeDigest.divided(at: beforeDigest[slash...].lastIndex(of: ":"))
        let (registry, repository) = Self.split(name: name)
        try Self.check(registry: registry, in: text)
        try Self.check(repository: repository, in: text)
        if let tag { try Self.check(tag: tag, in: text) }
        self.registry = registry
        self.repository = repository
        self.tag = tag
        do { digest = try digestText.map(Digest.init) } catch {
            throw ParsingFailure(.malformedDigest(digestText ?? ""), text)
        }
    }

    private init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The same repository and digest with another tag.
    ///
    /// - Throws: ``ParsingFailure`` if it is not a tag.
    public func tagged(_ tag: String) throws(ParsingFailure) -> ImageReference {
        try Self.check(tag: tag, in: "\(familiarName):\(tag)")
        return ImageReference(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// The same repository and tag with a digest.
    public func pinned(to digest: Digest) -> ImageReference {
        ImageReference(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// The reference itself if it has a tag or digest; otherwise with the tag `latest`.
    public var withDefaultTag: ImageReference {
        guard tag == nil, digest == nil else { return self }
        return ImageReference(registry: registry, repository: repository, tag: "latest", digest: nil)
    }

    /// Registry and repository.
    public var name: String { "\(registry)/\(repository)" }

    /// Registry and repository without what Docker adds by itself: `redis` for `docker.io/library/redis`.
    ///
    /// The full name where the short one would be read as something else.
    public var familiarName: String {
        guard registry == Self.defaultRegistry else { return name }
        let parts = repository.split(separator: "/")
        let short = parts.count == 2 && parts[0] == "library" ? String(parts[1]) : repository
        let readBack = try? ImageReference(short)
        return readBack?.registry == registry && readBack?.repository == repository ? short : name
    }

    /// The shortest form that is read back as the same value.
    public var familiarDescription: String { familiarName + suffix }

    private var suffix: String { (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }
}

extension ImageReference: CustomStringConvertible {
    /// `registry/repository`, with `:tag` and `@digest` as far as they are given.
    public var description: String { name + suffix }
}

// MARK: - Grammar

extension ImageReference {
    /// Docker's way to find out whether the first part is a registry.
    private static func split(name: String) -> (registry: String, repository: String) {
        let (first, rest) = name.divided(at: name.firstIndex(of: "/"))
        guard let rest else { return (defaultRegistry, "library/\(name)") }
        guard isRegistry(first) else { return (defaultRegistry, name) }
        let registry = first == "index.docker.io" ? defaultRegistry : first
        return (registry, registry == defaultRegistry && !rest.contains("/") ? "library/\(rest)" : rest)
    }

    private static func isRegistry(_ first: String) -> Bool {
        first == "localhost" || first.contains(".") || first.contains(":")
    }

    /// Whether the part before the first slash is a registry.
    private static func namesRegistry(_ text: String) -> Bool {
        text.firstIndex(of: "/").map { isRegistry(String(text[..<$0])) } ?? false
    }

    /// Texts that fit the grammar or nearly do, and are usually something else.
    private static func refuseOtherThings(_ text: String) throws(ParsingFailure) {
        if let range = text.firstRange(of: "://") {
            throw ParsingFailure(.scheme(String(text[range.upperBound...])), text)
        }
        if text.utf8.count == 64, text.utf8.allSatisfy(\.isLowerCaseHexDigit) { throw ParsingFailure(.imageID, text) }
    }

    private static func check(registry: String, in text: String) throws(ParsingFailure) {
        let failure = ParsingFailure(.malformedRegistry(registry), text)
        let hostEnd = registry.hasPrefix("[") ? registry.firstIndex(of: "]") : registry.startIndex
        guard let hostEnd else { throw failure }
        let (host, port) = registry.divided(at: registry[hostEnd...].firstIndex(of: ":"))
        if let port {
            guard port.utf8.allSatisfy(\.isDigit), UInt16(port) != nil else { throw failure }
        }
        guard isAddress(host) || isDomainName(host) else { throw failure }
    }

    private static func isAddress(_ host: String) -> Bool {
        guard host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 else { return false }
        return host.utf8.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: ":") }
    }

    private static func isDomainName(_ host: String) -> Bool {
        host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return first.isAlphanumeric && last.isAlphanumeric
                && part.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") }
        }
    }

    private static func check(repository: String, in text: String) throws(ParsingFailure) {
        guard repository.utf8.count <= repositoryLimit else {
            throw ParsingFailure(.repositoryTooLong(byteCount: repository.utf8.count), text)
        }
        let parts = repository.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.allSatisfy(isRepositoryPart) else {
            let lowerCase = repository.lowercased()
            let lowerCaseParts = lowerCase.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard repository != lowerCase, lowerCaseParts.allSatisfy(isRepositoryPart) else {
                throw ParsingFailure(.malformedRepository(repository), text)
            }
            throw ParsingFailure(
                .upperCase(text.replacing(repository.withoutLibrary, with: lowerCase.withoutLibrary)),
                text
            )
        }
    }

    /// Runs of letters and digits, joined by `.`, `_`, `__` or any number of `-`.
    private static func isRepositoryPart(_ part: Substring.UTF8View.SubSequence) -> Bool {
        var separator: [UInt8] = []
        var isAfterLetter = false
        for byte in part {
            if byte.isDigit || byte.isLowerCaseLetter {
                guard separator.isEmpty || isSeparator(separator) else { return false }
                separator = []
                isAfterLetter = true
            } else {
                guard isAfterLetter else { return false }
                separator.append(byte)
            }
        }
        return isAfterLetter && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes {
        case [UInt8(ascii: ".")], [UInt8(ascii: "_")], [UInt8(ascii: "_"), UInt8(ascii: "_")]: true
        default: bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    /// Whether a text can be a tag.
    public static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isTagStart, text.utf8.count <= tagLimit else { return false }
        return text.utf8.allSatisfy { $0.isTagStart || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func check(tag: String, in text: String) throws(ParsingFailure) {
        guard isTag(tag) else { throw ParsingFailure(.malformedTag(tag), text) }
    }
}

extension String {
    /// What is before the character and what is after it; all and nil if there is none.
    fileprivate func divided(at index: Index?) -> (before: String, after: String?) {
        guard let index else { return (self, nil) }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }

    /// The repository as it was written, without what Docker adds by itself.
    fileprivate var withoutLibrary: String { hasPrefix("library/") ? String(dropFirst("library/".count)) : self }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLowerCaseHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self) }
    fileprivate var isHexDigit: Bool { isLowerCaseHexDigit || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(self) }
    fileprivate var isLowerCaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isUpperCaseLetter: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    fileprivate var isAlphanumeric: Bool { isDigit || isLowerCaseLetter || isUpperCaseLetter }
    fileprivate var isTagStart: Bool { isAlphanumeric || self == UInt8(ascii: "_") }
}
