// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockTestSupport
import Foundation
import Testing

/// State directories that the installed Nix uses as if it had written them.
@Suite(.requires("nix-store", "nix-instantiate", "cp"))
struct StoreStateTests {
    /// A store that Nix wrote, and another with the same objects and the state that this package writes.
    private func withStores(
        _ body: (_ original: Nix, _ copy: Nix, _ paths: [String]) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let original = try Nix.store(in: directory, name: "original")
            let paths = try await original.addChain()
            let registered = try await RegisteredObject(in: original, directory: directory).object.path.description
            let copy = try Nix.store(in: directory, name: "copy")
            let closure = try StoreDatabase(stateDirectory: original.stateDirectory)
                .closure(of: [StorePath(paths[2]), StorePath(registered)])
            try await Command.check(["cp", "-a", original.root + "/nix/store", copy.root + "/nix-store"])
            let roots = [try StorePath(paths[2])]
            try write(StoreState.entries(of: closure, roots: roots, registrationTime: 1), below: copy.root)
            try await Command.check(["mv", copy.root + "/nix-store", copy.root + "/nix/store"])
            try await body(original, copy, paths + [registered])
        }
    }

    private func write(_ entries: [StoreStateEntry], below root: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: root + "/nix", withIntermediateDirectories: true)
        for entry in entries {
            let path = root + "/" + entry.path
            switch entry.content {
            case .directory: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            case .file(let bytes): try Data(bytes).write(to: URL(fileURLWithPath: path))
            case .link(let target): try files.createSymbolicLink(atPath: path, withDestinationPath: target)
            }
        }
    }

    @Test
    func `Nix finds nothing wrong with it`() async throws {
        try await withStores { _, copy, _ in
            let output = try await Command.run(
                ["nix-store", "--verify", "--check-contents"],
                environment: copy.environment
            )
            #expect(output.status == 0)
            #expect(output.errorText.hasPrefix("reading the Nix store...\n"))
            #expect(!output.errorText.contains("error:") && !output.errorText.contains("warning:"))
        }
    }

    @Test
    func `Nix says the same of all objects as where they come from`() async throws {
        try await withStores { original, copy, paths in
            for question in [
                ["nix-store", "--dump-db"], ["nix-store", "--query", "--requisites", paths[2]],
                ["nix-store", "--query", "--deriver", paths[3]], ["nix", "path-info", "--json", "--all"],
            ] {
                let answer = try await Command.check(question, environment: copy.environment)
                let expected = try await Command.check(question, environment: original.environment)
                let time = #/"registrationTime":\d+/#
                #expect(!answer.isEmpty)
                #expect(answer.replacing(time, with: "") == expected.replacing(time, with: ""), "\(question)")
            }
        }
    }

    @Test
    func `Nix registers further paths`() async throws {
        try await withStores { original, copy, paths in
            let added = try await original.evaluate(#"builtins.toFile "added" "another""#)
            let script = "nix-store --export \"$1\" | NIX_REMOTE=\"$2\" nix-store --import"
            try await Command.check(
                ["sh", "-c", script, "sh", added, "local?root=" + copy.root],
                environment: original.environment
            )
            let database = try StoreDatabase(stateDirectory: copy.stateDirectory)
            #expect(try database.everything().objects.map(\.path.description) == (paths + [added]).sorted())
            try await copy.check(["nix-store", "--verify", "--check-contents"])
        }
    }

    @Test
    func `Nix collects what no root keeps`() async throws {
        try await withStores { _, copy, paths in
            try await copy.check(["nix-store", "--gc"])
            let kept = try StoreDatabase(stateDirectory: copy.stateDirectory).everything()
            #expect(kept.objects.map(\.path.description) == paths.prefix(3).sorted())
        }
    }
}
