// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockNix
import DrydockPackages
import DrydockTestSupport
import Glibc
import Testing

@Suite struct StoreScanTests {
    private static let hashes = ["a", "b", "c", "d", "f"].map { String(repeating: $0, count: 32) }
    private static let store = "nix/store"

    private static func path(_ number: Int, _ name: String) throws -> StorePath {
        try StorePath(baseName: "\(hashes[number])-\(name)")
    }

    /// `lib` refers to itself in a content, `app` to it by a link, `top` to `app` by a file's name and to `data` by a
    /// content, `data` to nothing; beside them stands what Nix puts there.
    private static let script = """
        mkdir -p \(store)/.links \(store)/\(hashes[0])-lib \(store)/\(hashes[1])-app/bin
        printf 'x/nix/store/\(hashes[0])-lib\\n' > \(store)/\(hashes[0])-lib/self
        ln -s /nix/store/\(hashes[0])-lib/self \(store)/\(hashes[1])-app/bin/run
        mkdir \(store)/\(hashes[2])-top
        touch \(store)/\(hashes[2])-top/\(hashes[1])
        head -c 262100 /dev/zero > \(store)/\(hashes[2])-top/far
        printf '\(hashes[3])' >> \(store)/\(hashes[2])-top/far
        printf 'no references' > \(store)/\(hashes[3])-data
        : > \(store)/\(hashes[0])-lib.lock
        mkdir \(store)/\(hashes[1])-app.drv.chroot
        printf '\(hashes[4])' > \(store)/.links/x
        """

    @Test func `references are the hash parts in contents, names and targets`() async throws {
        try await Trees.made(by: Self.script) { root in
            let scan = try StoreScan(StoreLocation(root: root))
            let (lib, app) = (try Self.path(0, "lib"), try Self.path(1, "app"))
            let (top, data) = (try Self.path(2, "top"), try Self.path(3, "data"))
            #expect(try scan.object(at: lib).references == [lib])
            #expect(try scan.object(at: app).references == [lib])
            #expect(try scan.object(at: top).references == [app, data])
            #expect(try scan.object(at: data).references == [])
            #expect(try scan.closure(of: [top]).objects.map(\.path) == [lib, app, top, data])
            #expect(try scan.closure(of: [app, app]).objects.map(\.path) == [lib, app])
        }
    }

    @Test(.requires("nix-store", "nix"), .requiresRoot)
    func `a store is known as Nix knows it`() async throws {
        try await withOddStore { store in
            let scan = try StoreScan(StoreLocation(root: store.nix.root))
            let registered = try await store.nix.objects(in: [store.root])
            let found = try scan.closure(of: [try StorePath(store.root)]).objects
            #expect(found.map(\.path.description) == registered.map(\.path))
            #expect(found.map(\.narHash?.nix32Form) == registered.map(\.narHash))
            #expect(found.map(\.narSize) == registered.map(\.narSize))
            #expect(found.map { $0.references.map(\.description) } == registered.map(\.references))
        }
    }

    @Test func `the NAR is measured by the way`() async throws {
        try await Trees.made(by: Self.script) { root in
            let location = StoreLocation(root: root)
            let top = try Self.path(2, "top")
            let object = try StoreScan(location).object(at: top)
            let measure = try StoreObjectNAR(of: location.physicalPath(of: top)).measure()
            #expect(object.narHash == measure.hash)
            #expect(object.narSize == measure.size)
        }
    }

    @Test func `a path that is not there is named`() async throws {
        try await Trees.made(by: Self.script) { root in
            let scan = try StoreScan(StoreLocation(root: root))
            let path = "\(root)/nix/store/\(Self.hashes[4])-gone"
            #expect(throws: SystemError("read", path, errorNumber: ENOENT)) {
                try scan.closure(of: [try Self.path(4, "gone")])
            }
            let missing = "\(root)/missing/nix/store"
            #expect(throws: SystemError("open", missing, errorNumber: ENOENT)) {
                try StoreScan(StoreLocation(root: root + "/missing"))
            }
        }
    }

    @Test func `a store has a name and a place`() throws {
        let path = try Self.path(0, "lib")
        #expect(StoreLocation().physicalPath(of: path) == "/nix/store/\(Self.hashes[0])-lib")
        #expect(StoreLocation(root: "/").physicalPath(of: path) == "/nix/store/\(Self.hashes[0])-lib")
        #expect(StoreLocation(root: "/mnt/").physicalPath(of: path) == "/mnt/nix/store/\(Self.hashes[0])-lib")
        #expect(StoreLocation(physicalDirectory: "/real").physicalPath(of: path) == "/real/\(Self.hashes[0])-lib")
        #expect(StoreLocation(storeDirectory: "/gnu/store", root: "/m").physicalDirectory == "/m/gnu/store")
    }
}
