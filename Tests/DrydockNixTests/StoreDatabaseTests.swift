// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import DrydockTestSupport
import Foundation
import Testing

/// Databases as the installed Nix writes them.
@Suite(.requires("nix-store", "nix-instantiate"))
struct StoreDatabaseTests {
    private func open(_ store: Nix, busyTimeout: Double = 10) throws -> StoreDatabase {
        try StoreDatabase(stateDirectory: store.stateDirectory, busyTimeout: busyTimeout)
    }

    @Test
    func `a closure is what nix-store says it is`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            let paths = try await store.addChain()
            try await store.check(["nix-store", "--add", store.root + "/nix/var/nix/db/schema"])
            let closure = try open(store).closure(of: [StorePath(paths[2])])
            #expect(closure.objects.map(\.path.description) == paths.sorted())
            let listed = try await store.check(["nix-store", "--query", "--requisites", paths[2]])
            #expect(Set(closure.objects.map(\.path.description)) == Set(listed.split(separator: "\n").map(String.init)))
            let json = try await store.check(["nix", "path-info", "--json", "--recursive", paths[2]])
            #expect(try closure == ReferencesGraphFile.decode(Array(json.utf8)))
        }
    }

    @Test
    func `an object is known with all that is registered of it`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            let registered = try await RegisteredObject(in: store, directory: directory)
            let object = try #require(try open(store).object(at: registered.object.path))
            #expect(object == registered.object)
            #expect(object.signatures.count == 2)
        }
    }

    @Test
    func `a path that is not registered is no object, and its closure is refused`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            _ = try await store.addChain()
            let path = try StorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-absent")
            let database = try open(store)
            #expect(try database.object(at: path) == nil)
            let failure = #expect(throws: StoreDatabaseFailure.self) { try database.closure(of: [path]) }
            #expect(
                failure?.description
                    == "\(path) is not valid: the Nix database '\(store.database)' does not know it"
            )
        }
    }

    @Test
    func `all that is registered is a closure`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            let paths = try await store.addChain()
            let added = try await store.check(["nix-store", "--add", store.root + "/nix/var/nix/db/schema"])
            #expect(try open(store).everything().objects.map(\.path.description) == (paths + [added]).sorted())
        }
    }

    @Test
    func `an open database shows what Nix writes meanwhile, one committed state after the other`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            _ = try await store.addChain()
            let database = try open(store)
            let writer = try await startWriter(store, in: directory)
            let counts = try await counts(until: writer) { try database.everything().objects.count }
            #expect(counts == counts.sorted())
            #expect(try database.everything().objects.count == 3 + Self.writtenCount)
        }
    }

    @Test(.requiresRoot, .requires("mount"))
    func `through a read-only mount no reader sees half of what Nix writes meanwhile`() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Nix.store(in: directory)
            _ = try await store.addChain()
            try await withReadOnlyView(of: store.root, in: directory) { view in
                let writer = try await startWriter(store, in: directory)
                let read = { () throws -> Int? in
                    let database = Result { try StoreDatabase(stateDirectory: view + "/nix/var/nix") }
                    do { return try database.get().everything().objects.count } catch {
                        let reason = (error as? StoreDatabaseFailure)?.reason
                        #expect([.changing, .unrecovered(suffix: "-wal")].contains(reason), "\(error)")
                        return nil
                    }
                }
                let counts = try await counts(until: writer, read)
                #expect(counts == counts.sorted())
                let database = try StoreDatabase(stateDirectory: view + "/nix/var/nix")
                #expect(try database.everything().objects.count == 3 + Self.writtenCount)
            }
        }
    }

    private static let writtenCount = 12

    private func startWriter(_ store: Nix, in directory: String) async throws -> RunningCommand {
        let script = "for i in $(seq \(Self.writtenCount)); do echo $i >\"$0\" && nix-store --add \"$0\" || exit; done"
        return try await Command.start(["sh", "-c", script, directory + "/added"], environment: store.environment)
    }

    /// What `read` gives, again and again until the writer has ended.
    private func counts(until writer: RunningCommand, _ read: () throws -> Int?) async throws -> [Int] {
        let ended = Flag()
        async let output = ended.raised(after: { try await writer.output() })
        var counts: [Int] = []
        while !ended.isRaised {
            if let count = try read() { counts.append(count) }
            await Task.yield()
        }
        let status = try await output.status
        #expect(status == 0)
        return counts
    }
}
