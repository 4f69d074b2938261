// SPDX-License-Identifier: Apache-2.0

import DrydockPackages
import Testing

/// The names of stores, as Nix writes them.
@Suite
struct NixStoreURITests {
    @Test(arguments: ["", "auto", "local", "daemon", "local?root=/", "local?trusted=true&read-only=true", "/"])
    func `the machine's own store has several names`(uri: String) throws {
        #expect(try NixStore(uri: uri) == NixStore())
    }

    @Test(arguments: ["/mnt", "/mnt/", "local?root=/mnt", "local?root=%2fm%6Et&priority=3"])
    func `a store may be below another root`(uri: String) throws {
        let store = try NixStore(uri: uri)
        #expect(store == NixStore(root: "/mnt"))
        #expect(store.location.storeDirectory == "/nix/store")
        #expect(store.location.physicalDirectory == "/mnt/nix/store")
        #expect(store.stateDirectory == "/mnt/nix/var/nix")
    }

    @Test
    func `each directory can be named`() throws {
        let store = try NixStore(uri: "local?store=/gnu/store&real=/data/store/&state=/var/gnu")
        #expect(store.location.storeDirectory == "/gnu/store")
        #expect(store.location.physicalDirectory == "/data/store")
        #expect(store.stateDirectory == "/var/gnu")
    }

    @Test(arguments: ["ssh://host", "ssh-ng://host", "https://cache.nixos.org", "s3://bucket", "unix:///x", "mnt"])
    func `a store elsewhere is refused`(uri: String) {
        let failure = #expect(throws: NixStoreFailure.self) { try NixStore(uri: uri) }
        #expect(
            failure?.description
                == "Cannot read the store '\(uri)': expected 'local', 'daemon', 'auto', 'local?root=DIR' or a directory"
                + "\nhint: bring the paths to this machine first, with 'nix copy --from'"
        )
    }

    @Test
    func `a relative root is refused`() {
        let failure = #expect(throws: NixStoreFailure.self) { try NixStore(uri: "local?root=mnt") }
        let text = "Cannot read the store 'local?root=mnt': the directory 'mnt' does not begin with '/'"
        #expect(failure?.description == text)
    }

    @Test(arguments: ["local?root", "local?root=%2", "local?root=%zz", "?root=/x&root=%ff"])
    func `a parameter that is not understood is refused`(uri: String) {
        let failure = #expect(throws: NixStoreFailure.self) { try NixStore(uri: uri) }
        #expect(failure?.description == "Cannot read the store '\(uri)': the parameter 'root' is not known")
    }

    @Test
    func `a parameter that is not known is refused`() {
        let failure = #expect(throws: NixStoreFailure.self) { try NixStore(uri: "local?path=/x") }
        #expect(failure?.description == "Cannot read the store 'local?path=/x': the parameter 'path' is not known")
    }
}
