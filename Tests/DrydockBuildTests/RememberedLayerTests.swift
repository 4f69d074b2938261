// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockDigests
import DrydockFiles
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Layers that are made anew from what was remembered of them.
@Suite
struct RememberedLayerTests {
    private static let paths = ["a", "b"].map { "/nix/store/\(String(repeating: $0, count: 32))-x" }

    /// A store below a directory, with two store paths.
    private func withStore(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { root in
            for path in Self.paths {
                try await Command.check(["mkdir", "-p", "\(root)\(path)/bin"])
                try Data("of \(path)".utf8).write(to: URL(fileURLWithPath: "\(root)\(path)/bin/file"))
            }
            try await body(root)
        }
    }

    /// What is remembered of a layer of both paths, whatever its tar is.
    private func remembered(in root: String, format: Int64 = 1) throws -> RememberedLayer {
        let objects = try Self.paths.map { path in
            LayerKey.StoreObject(
                path: path,
                narHash: Digest(of: []),
                inode: try FileStatus(of: root + path).identity.inode
            )
        }
        let key = LayerKey(
            formatVersion: format,
            storeObjects: objects,
            owner: LayerKey.Owner(uid: 0, gid: 0, uname: "root", gname: "root"),
            modificationTime: 1
        )
        let store = LocalStore(at: root + "/cache", now: 0)
        try store.remember([key: LayerMeasure(diffID: Digest(of: []), size: 0)])
        return try #require(try store.lookup([key])[key])
    }

    @Test(.requires("python3"))
    func `a layer is made as dockerTools makes it`() async throws {
        try await withStore { root in
            let remade = try remadeText(in: root)
            let reference = try await ReferenceLayer.digest(Self.paths, in: Nix(root: root))
            #expect(remade == "\(reference.diffID), \(reference.size) bytes")
        }
    }

    /// The measure of the layer that is made anew.
    ///
    /// A text, because swiftc 6.3 keeps a digest that was required in a closure wrongly while the closure waits.
    private func remadeText(in root: String) throws -> String {
        let measure = try #require(try remembered(in: root).remade(below: root))
        return "\(measure.diffID), \(measure.size) bytes"
    }

    @Test
    func `changed content gives another layer`() async throws {
        try await withStore { root in
            let layer = try remembered(in: root)
            let before = try #require(try layer.remade(below: root))
            try Data("other".utf8).write(to: URL(fileURLWithPath: "\(root)\(Self.paths[0])/bin/file"))
            let after = try #require(try layer.remade(below: root))
            #expect(before.size == after.size)
            #expect(before.diffID != after.diffID)
        }
    }

    @Test
    func `a path that is gone, replaced, or was packed by other rules makes no layer`() async throws {
        try await withStore { root in
            let layer = try remembered(in: root)
            #expect(try layer.remade() == nil)
            #expect(try remembered(in: root, format: 2).remade(below: root) == nil)
            let path = root + Self.paths[1]
            try await Command.check(["cp", "-a", path, path + ".new"])
            try await Command.check(["rm", "-r", path])
            #expect(try layer.remade(below: root) == nil)
            try await Command.check(["mv", path + ".new", path])
            #expect(try layer.remade(below: root) == nil)
        }
    }
}
