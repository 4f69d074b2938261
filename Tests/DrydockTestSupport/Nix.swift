// SPDX-License-Identifier: Apache-2.0

/// The programs of Nix on one store: the machine's own, or one of a test below a directory.
public struct Nix: Sendable {
    /// The directory that holds `nix/store` and `nix/var`; empty for the machine's own store.
    public let root: String

    /// The machine's own store.
    public static let machine = Nix(root: "")

    /// A store below a directory.
    public init(root: String) { self.root = root }

    /// The variables with which Nix works as anyone, without its users, caches and settings.
    public var environment: [String: String] {
        var variables = ["NIX_CONFIG": "build-users-group =\nsubstituters =\nexperimental-features = nix-command\n"]
        if !root.isEmpty { variables["NIX_REMOTE"] = "local?root=\(root)" }
        return variables
    }

    /// Runs one of Nix' programs and gives what it writes to standard output.
    ///
    /// - Throws: ``Command/Failure`` unless it succeeds.
    @discardableResult
    public func check(_ arguments: [String], input: [UInt8] = []) async throws -> String {
        try await Command.check(arguments, input: input, environment: environment, timeout: 300)
    }

    /// The store paths that these refer to, directly and indirectly, with themselves; in the order of their names.
    ///
    /// - Throws: ``Command/Failure`` if one is not valid.
    public func closure(of paths: [String]) async throws -> [String] {
        try await check(["nix-store", "--query", "--requisites"] + paths).split(separator: "\n").map(String.init)
            .sorted()
    }

    /// The store paths that this one refers to, without itself.
    ///
    /// - Throws: ``Command/Failure`` if it is not valid.
    public func references(of path: String) async throws -> [String] {
        try await check(["nix-store", "--query", "--references", path]).split(separator: "\n").map(String.init)
            .filter { $0 != path }
    }

    /// What is registered of a closure, sorted by path.
    ///
    /// - Throws: ``Command/Failure`` if a path is not valid.
    public func objects(in paths: [String]) async throws -> [Object] {
        let closure = try await closure(of: paths)
        let known = try JSON(Array(try await check(["nix", "path-info", "--json", "--closure-size"] + closure).utf8))
        let hashes = try await check(["nix-store", "--query", "--hash"] + closure).split(separator: "\n")
        guard case .array(let elements) = known, elements.count == closure.count, hashes.count == closure.count else {
            throw Command.Failure(arguments: ["nix", "path-info"] + closure, reason: "does not tell of every path")
        }
        let byPath = Dictionary(elements.map { ($0["path"], $0) }) { first, _ in first }
        return zip(closure, hashes).map { path, hash in
            Object(path: path, narHash: String(hash), known: byPath[.string(path)] ?? .null)
        }
    }

    /// What is registered of one store path.
    public struct Object: Equatable, Sendable {
        /// The path.
        public let path: String
        /// The SHA-256 of its NAR, as `sha256:` and nix32 digits.
        public let narHash: String
        /// The size of its NAR in bytes.
        public let narSize: Int64
        /// The size of the NARs of its closure in bytes.
        public let closureSize: Int64
        /// What it refers to, sorted; with itself if it does.
        public let references: [String]

        init(path: String, narHash: String, known: JSON) {
            self.path = path
            self.narHash = narHash
            narSize = known["narSize"]?.number ?? 0
            closureSize = known["closureSize"]?.number ?? 0
            references = (known["references"]?.elements.compactMap(\.string) ?? []).sorted()
        }
    }
}

extension Nix {
    /// A closure as Nix gives it to a derivation with `exportReferencesGraph` and structured attributes.
    ///
    /// - Throws: ``Command/Failure`` if a path is not valid.
    public func referencesGraph(of paths: [String]) async throws -> JSON {
        .array(
            try await objects(in: paths).map { object in
                .object([
                    "path": .string(object.path), "narHash": .string(object.narHash),
                    "narSize": .number(object.narSize), "closureSize": .number(object.closureSize),
                    "references": .array(object.references.map(JSON.string)), "valid": .boolean(true),
                ])
            }
        )
    }

    /// A closure in the form that `nix-store --load-db` reads, as nixpkgs' `closureInfo` writes it.
    ///
    /// - Throws: ``Command/Failure`` if a path is not valid.
    public func registration(of paths: [String]) async throws -> String {
        try await objects(in: paths).map { object in
            let lines = [object.path, object.narHash, String(object.narSize), "", String(object.references.count)]
            return (lines + object.references).map { $0 + "\n" }.joined()
        }.joined()
    }
}
