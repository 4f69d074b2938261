// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import DrydockPackages
import DrydockTestSupport
import Foundation
import Testing

/// A store in the files of a test: what its paths are, where links lead, and which source is asked for a closure.
@Suite
struct NixStoreTests {
    private static let hash = "0123456789abcdfghijklmnpqrsvwxyz"
    private static let name = "\(hash)-hello"
    private static let path = "/nix/store/\(name)"

    /// A store below a root, with one object `hello`, which has the file `bin/hello`.
    private func withStore(_ body: (_ store: NixStore, _ root: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { root in
            let files = FileManager.default
            try files.createDirectory(atPath: root + Self.path + "/bin", withIntermediateDirectories: true)
            try Data("hello".utf8).write(to: URL(fileURLWithPath: root + Self.path + "/bin/hello"))
            try await body(NixStore(root: root), root)
        }
    }

    /// Makes a database in which these paths are valid.
    private func register(_ paths: [StorePath], in store: NixStore) throws -> [StoreObject] {
        let objects = paths.map { StoreObject(path: $0, narHash: Digest(of: [UInt8]()), narSize: 1) }
        let database = try StoreDatabaseEncoder.encode(StoreClosure(objects), registrationTime: 1)
        let directory = store.stateDirectory + "/db"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(database).write(to: URL(fileURLWithPath: directory + "/db.sqlite"))
        try Data(StoreDatabaseEncoder.schemaFile).write(to: URL(fileURLWithPath: directory + "/schema"))
        return objects
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func expectFailure(_ text: String, _ body: () throws -> Void) {
        let failure = #expect(throws: NixStoreFailure.self) { try body() }
        #expect(failure?.description == text)
    }

    @Test(arguments: [
        "\(path)", "\(path)/", "\(path)/bin/hello", "//nix/./store//\(name)", "ROOT\(path)", "ROOT\(path)/bin/hello",
        "ROOT/result", "ROOT/result/bin", "ROOT/over", "ROOT/a/../result", "ROOT/profile", "ROOT/store/\(name)/bin",
    ])
    func `a path is followed to the store object that it leads to`(text: String) async throws {
        try await withStore { store, root in
            try FileManager.default.createDirectory(atPath: root + "/a", withIntermediateDirectories: false)
            try link(root + "/result", to: Self.path)
            try link(root + "/over", to: "result")
            try link(root + "/profile", to: "profile-1-link")
            try link(root + "/profile-1-link", to: root + Self.path + "/bin")
            try link(root + "/store", to: "nix/store")
            let path = try store.storePath(resolving: text.replacing("ROOT", with: root))
            #expect(path.description == Self.path)
        }
    }

    @Test
    func `a link that is a store object is not followed`() async throws {
        try await withStore { store, root in
            let path = "/nix/store/\(Self.hash)-link"
            try link(root + path, to: Self.path)
            #expect(try store.storePath(resolving: path).description == path)
        }
    }

    @Test
    func `a relative path begins at the working directory`() async throws {
        try await withStore { store, root in
            let up = String(repeating: "../", count: 40)
            let path = try store.storePath(resolving: up + root.dropFirst() + Self.path)
            #expect(path.description == Self.path)
        }
    }

    @Test
    func `a path that leads nowhere, or elsewhere, is refused`() async throws {
        try await withStore { store, root in
            let other = "/nix/store/\(Self.hash)-other"
            try link(root + "/dangling", to: other)
            try link(root + "/elsewhere", to: "/etc/..")
            try link(root + "/loop", to: "loop")
            try link(root + "/links", to: "/nix/store/.links/x")
            for (text, message) in [
                (other, "Cannot find '\(other)': it leads to '\(root)\(other)', which does not exist"),
                ("\(root)/none/x", "Cannot find '\(root)/none/x': it leads to '\(root)/none', which does not exist"),
                ("\(root)/none", "Cannot find '\(root)/none': it does not exist"),
                (
                    "\(root)/dangling",
                    "Cannot find '\(root)/dangling': it leads to '\(root)\(other)', which does not exist"
                ),
                ("/etc", "Cannot find '/etc' in a Nix store: it is not in /nix/store"),
                (
                    "\(root)/elsewhere",
                    "Cannot find '\(root)/elsewhere' in a Nix store: it leads to '/', which is not in /nix/store"
                ),
                ("\(root)/loop", "Cannot find '\(root)/loop': it leads through more than 40 symbolic links"),
                (
                    "\(root)/links",
                    "Cannot find '\(root)/links' in a Nix store: '.links' is not a store path: its name does not start "
                        + "with 32 nix32 digits and '-'"
                ),
            ] {
                expectFailure(message) { _ = try store.storePath(resolving: text) }
            }
        }
    }

    @Test
    func `a graph is asked before anything else`() async throws {
        let path = try StorePath(Self.path)
        let other = try StorePath("/nix/store/\(Self.hash)-other")
        let graph = try StoreClosure([
            StoreObject(path: path, narSize: 7), StoreObject(path: other, narSize: 8, references: [path]),
        ])
        // There is no such store, and nobody notices.
        let store = NixStore(root: "/nonexistent")
        #expect(try store.closure(of: [other], graph: graph) == graph)
        #expect(try store.closure(of: [path], graph: graph).objects.map(\.narSize) == [7])
        let unknown = try StorePath("/nix/store/\(Self.hash)-unknown")
        expectFailure("\(unknown) is not in the references graph") {
            _ = try store.closure(of: [path, unknown], graph: graph)
        }
    }

    @Test
    func `a store without a database is read itself`() async throws {
        try await withStore { store, root in
            let path = try StorePath(Self.path)
            let other = try StorePath("/nix/store/\(Self.hash.replacing("z", with: "y"))-other")
            try Data("see \(path)".utf8).write(to: URL(fileURLWithPath: root + other.description))
            let closure = try store.closure(of: [other])
            #expect(closure.objects.map(\.path) == [path, other].sorted())
            #expect(closure.objects.first { $0.path == other }?.references == [path])
            let absent = try StorePath("/nix/store/\(Self.hash)-absent")
            expectFailure("Cannot find '\(absent)': it leads to '\(root)\(absent)', which does not exist") {
                _ = try store.closure(of: [absent])
            }
        }
    }

    @Test
    func `a registered path must be there`() async throws {
        try await withStore { store, root in
            let present = try StorePath(Self.path)
            let absent = try StorePath("/nix/store/\(Self.hash)-absent")
            let objects = try register([present, absent], in: store)
            #expect(try store.closure(of: [present]).objects == [objects[0]])
            expectFailure(
                "\(absent) is registered as valid, but '\(root)\(absent)' does not exist\n"
                    + "hint: repair the store with 'nix-store --verify --check-contents --repair'"
            ) { _ = try store.closure(of: [present, absent]) }
        }
    }

    @Test
    func `a hash part leads to what is registered, and to what lies in the store unregistered`() async throws {
        try await withStore { store, root in
            let digits = (0..<4).map { Self.hash.dropLast() + "\($0)" }
            let paths = try digits.map { try StorePath("/nix/store/\($0)-x") }
            let parts = paths.map(HashPart.init(of:))
            // Nix works on the second: what lies beside it is not a path.
            for name in ["\(digits[1])-x", "\(digits[1])-x.lock", "\(digits[2])-x"] {
                try Data().write(to: URL(fileURLWithPath: root + "/nix/store/" + name))
            }
            #expect(try store.paths(withHashParts: Set(parts)).sorted() == [paths[1], paths[2]])
            _ = try register([paths[0], paths[2]], in: store)
            #expect(try store.paths(withHashParts: []) == [])
            #expect(try store.paths(withHashParts: [parts[0]]) == [paths[0]])
            #expect(try store.paths(withHashParts: Set(parts)).sorted() == Array(paths[..<3]))
            #expect(try store.database()?.paths(withHashParts: parts) == [paths[0], paths[2]])
            // Who needs no database is not told that it is damaged.
            try Data("damaged".utf8).write(to: URL(fileURLWithPath: store.stateDirectory + "/db/db.sqlite"))
            #expect(try store.paths(withHashParts: Set(parts)).sorted() == [paths[1], paths[2]])
        }
    }

    @Test(.requires("nix-store", "nix-instantiate"))
    func `the closure of an out-link is what Nix registered`() async throws {
        try await withTemporaryDirectory { directory in
            let nix = try Nix.store(in: directory)
            let paths = try await nix.addChain()
            try link(directory + "/result", to: paths[2])
            let store = try NixStore(uri: "local?root=" + nix.root)
            let closure = try store.closure(of: [store.storePath(resolving: directory + "/result")])
            #expect(closure.objects.map(\.path.description) == paths.sorted())
            #expect(try await closure.narSize == nix.objects(in: [paths[2]]).reduce(0) { $0 + $1.narSize })
        }
    }
}
