// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Testing

/// What makes two layers the same.
@Suite
struct LayerKeyTests {
    /// A key that differs from the first one in one thing.
    struct Case: CustomTestStringConvertible {
        let name: String
        let key: LayerKey

        var testDescription: String { name }

        init(_ name: String, _ key: LayerKey) {
            self.name = name
            self.key = key
        }
    }

    private static let hash = Digest(of: Array("nar".utf8))
    private static let path = "/nix/store/00000000000000000000000000000000-a"

    private static func object(
        _ path: String = path,
        _ hash: Digest = hash,
        _ registrationTime: Int64? = 5,
        _ inode: UInt64? = 7
    ) -> LayerKey.StoreObject {
        LayerKey.StoreObject(path: path, narHash: hash, registrationTime: registrationTime, inode: inode)
    }

    private static func key(
        _ objects: [LayerKey.StoreObject] = [object()],
        format: Int64 = 1,
        owner: LayerKey.Owner = LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
        time: Int64 = 1
    ) -> LayerKey {
        LayerKey(formatVersion: format, storeObjects: objects, owner: owner, modificationTime: time)
    }

    private static let cases = [
        Case("as it is", key()),
        Case("format", key(format: 2)),
        Case("path", key([object(path + "b")])),
        Case("NAR hash", key([object(path, Digest(of: [1]))])),
        Case("registration time", key([object(path, hash, 6)])),
        Case("unknown registration time", key([object(path, hash, nil)])),
        Case("inode", key([object(path, hash, 5, 8)])),
        Case("unknown inode", key([object(path, hash, 5, nil)])),
        Case("largest inode", key([object(path, hash, 5, .max)])),
        Case("no object", key([])),
        Case("two objects", key([object(), object(path + "b")])),
        Case("two objects in another order", key([object(path + "b"), object()])),
        Case("uid", key(owner: LayerKey.Owner(uid: 1, gid: 0, uname: "root", gname: "root"))),
        Case("gid", key(owner: LayerKey.Owner(uid: 0, gid: 1, uname: "root", gname: "root"))),
        Case("user name", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "", gname: "root"))),
        Case("group name", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: ""))),
        Case("tab", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "a\tb", gname: "c"))),
        Case("tab elsewhere", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "a", gname: "b\tc"))),
        Case("line feed", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "a\nb", gname: "c"))),
        Case("backslash", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "a\\", gname: "c"))),
        Case("backslash and tab", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "a\\\t", gname: "c"))),
        Case("letters beyond ASCII", key(owner: LayerKey.Owner(uid: 0, gid: 0, uname: "jürgen", gname: "c"))),
        Case("modification time", key(time: 2)),
        Case("early modification time", key(time: -1)),
    ]

    @Test
    func `whatever a layer's bytes follow from changes the key`() {
        for (position, example) in Self.cases.enumerated() {
            for other in Self.cases.dropFirst(position + 1) {
                #expect(example.key != other.key, "\(example.name) and \(other.name)")
            }
        }
    }

    @Test
    func `the digest of a key stays`() {
        // Of the lines `store layer…` and `/nix/store…`, by sha256sum. Another digest forgets everybody's caches.
        #expect(
            "\(Self.key().digest)" == "sha256:3ad0a9e9438fcffe7991079378f0230c03d892faea67fcf50a9e04a875c2191f"
        )
    }

    @Test(arguments: cases)
    func `a key comes back from the store as it was`(example: Case) async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: directory, now: SampleLayers.now)
            try store.remember([example.key: SampleLayers.measure(1)])
            let key = try #require(try store.layers().first?.key)
            #expect(key.formatVersion == example.key.formatVersion)
            #expect(key.storeObjects == example.key.storeObjects)
            #expect(key.owner == example.key.owner)
            #expect(key.modificationTime == example.key.modificationTime)
            #expect(key.digest == example.key.digest)
        }
    }
}
