// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import DrydockTestSupport
import Foundation
import Synchronization

/// A store object with a deriver, a reference to itself and two signatures.
struct RegisteredObject {
    let object: StoreObject

    init(in store: Nix, directory: String) async throws {
        let path = try StorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-registered")
        let content = Array("I am \(path)".utf8)
        try FileManager.default.createDirectory(
            atPath: store.root + "/nix/store",
            withIntermediateDirectories: true
        )
        try Data(content).write(to: URL(fileURLWithPath: store.root + path.description))
        let deriver = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-registered.drv"
        let dump = try await Command.run(["nix-store", "--dump", store.root + path.description])
        let narHash = Digest(of: dump.standardOutput)
        let narSize = dump.standardOutput.count
        let registration = "\(path)\n\(narHash.encoded)\n\(narSize)\n\(deriver)\n1\n\(path)\n"
        try await store.check(["nix-store", "--load-db"], input: Array(registration.utf8))
        for name in ["one", "two"] {
            let key = "\(directory)/\(name)"
            try await store.check(["nix-store", "--generate-binary-cache-key", name, key, key + ".public"])
            try await store.check(["nix", "store", "sign", "--key-file", key, path.description])
        }
        let listed = try await store.check(["nix", "path-info", "--sigs", path.description])
        let words = listed.split(whereSeparator: \.isWhitespace).map(String.init)
        let signatures = words.filter { $0.contains(":") }
        object = StoreObject(
            path: path,
            narHash: narHash,
            narSize: Int64(narSize),
            references: [path],
            deriver: deriver,
            signatures: signatures
        )
    }
}

/// Calls `body` with a read-only view of a directory.
func withReadOnlyView(
    of directory: String,
    in parent: String,
    _ body: (String) async throws -> Void
) async throws {
    let view = parent + "/view"
    try FileManager.default.createDirectory(atPath: view, withIntermediateDirectories: false)
    try await Command.check(["mount", "--bind", directory, view])
    let outcome: Result<Void, any Error>
    do {
        try await Command.check(["mount", "-o", "remount,bind,ro", view])
        outcome = .success(try await body(view))
    } catch {
        outcome = .failure(error)
    }
    // Lazily, because a process that another test is starting may hold copies of descriptors for a moment.
    try await Command.check(["umount", "--lazy", view])
    try outcome.get()
}

/// Something that is false until it becomes true.
final class Flag: Sendable {
    private let state = Mutex(false)

    var isRaised: Bool { state.withLock { $0 } }

    /// Raises the flag when `body` has ended, however it did.
    func raised<Result>(after body: () async throws -> Result) async throws -> Result {
        defer { state.withLock { $0 = true } }
        return try await body()
    }
}
