// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Store objects that are seldom but allowed, in a store of their own below a directory.
///
/// The store holds an object that is a link, one that is a file, and a tree with empty directories, an empty file, a
/// program, names longer than 100 and paths longer than 255 bytes, and names that are not UTF-8. Python, and so
/// dockerTools, sorts some of those names otherwise than their bytes.
public struct OddStore: Sendable {
    /// The store.
    public let nix: Nix
    /// Store paths by what is odd about them: `link`, `file`, `program`, `tree`, `twin`.
    public let paths: [String: String]
    /// A store path that refers to all the others and to itself.
    public let root: String

    /// The odd store paths and the one that refers to them, sorted.
    public var all: [String] { (paths.values + [root]).sorted() }

    /// Where a store path of it really is.
    public func location(of path: String) -> String { nix.root + path }

    /// Makes files with the same bytes into hard links of one another, as Nix does in the stores of many people.
    ///
    /// - Throws: ``Command/Failure``.
    public func optimise() async throws { try await nix.check(["nix-store", "--optimise"]) }
}

/// Calls `body` with a new store of odd objects below a temporary directory, and removes it afterwards.
///
/// Needs Nix, and a user who may change owners, as Nix makes all objects root's.
/// - Throws: What `body` throws, and ``Command/Failure`` if the store cannot be made.
public func withOddStore<Result>(_ body: (OddStore) async throws -> Result) async throws -> Result {
    try await withTemporaryDirectory { directory in
        let nix = Nix(root: directory + "/root")
        try await Command.check(["bash", "-euc", oddObjects], in: directory)
        var paths: [String: String] = [:]
        for name in ["link", "file", "program", "tree", "twin"] {
            paths[name] = try await nix.check(["nix-store", "--add", "\(directory)/\(name)"])
        }
        let root = try await registerRoot(referringTo: paths.values.sorted(), in: nix)
        return try await body(OddStore(nix: nix, paths: paths, root: root))
    }
}

/// An object that nothing built: Nix takes its references, one of them to itself, as it is told.
private func registerRoot(referringTo paths: [String], in nix: Nix) async throws -> String {
    let root = "/nix/store/00000000000000000000000000000000-odd"
    let file = nix.root + root
    try (paths + [root]).map { $0 + "\n" }.joined().write(toFile: file, atomically: false, encoding: .utf8)
    try await Command.check(["touch", "--date=@1", file])
    try await Command.check(["chmod", "444", file])
    let hash = try await nix.check(["nix-hash", "--type", "sha256", file])
    let size = try await Command.run(["nix-store", "--dump", file], environment: nix.environment).standardOutput.count
    let registration = [root, hash, String(size), "", String(paths.count + 1)] + paths + [root]
    try await nix.check(["nix-store", "--load-db"], input: Array(registration.map { $0 + "\n" }.joined().utf8))
    return root
}

/// A shell writes them, because Foundation cannot name a file whose name is not UTF-8.
private let oddObjects = #"""
    ln -s ../somewhere/else link
    echo file >file
    printf '#!/bin/sh\n' >program
    chmod 755 program
    mkdir tree
    cd tree
    mkdir -p empty empty-too/within bin
    : >nothing
    printf '#!/bin/sh\n' >bin/run
    chmod 755 bin/run
    echo same >one
    ln one another
    echo same >third
    ln -s "$(printf 't%.0s' {1..120})" long-target
    ln -s /nix/store absolute
    ln -s . here
    name=$(printf 'n%.0s' {1..101})
    echo long >"$name"
    part=$(printf 'd%.0s' {1..200})
    mkdir -p "$part/$part"
    echo deep >"$part/$part/file"
    echo latin >$'caf\xe9'
    echo utf >$'caf\u00e9'
    echo cut >$'caf\xc3'
    echo far >$'\U0001f600'
    mkdir $'\xff\xfe'
    echo within >$'\xff\xfe/file'
    echo space >' a b'
    echo dot >.hidden
    mkdir a a.b
    echo order >a/z
    echo order >a.b/z
    echo order >a-b
    cd ..
    cp -a tree twin
    echo different >twin/different
    """#
