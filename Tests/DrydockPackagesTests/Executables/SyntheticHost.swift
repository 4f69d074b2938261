// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Foundation

/// A directory that stands for the root of a host, removed at the end of its life.
final class SyntheticHost: Sendable {
    /// The absolute path, without links.
    let root: String

    init() throws {
        let directory = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("drydock-executables-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        root = directory.path
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Writes a file and the directories that lead to it.
    func write(_ path: String, _ bytes: some Sequence<UInt8>, mode: Int = 0o755) throws {
        try makeParent(of: path)
        try Data(bytes).write(to: URL(fileURLWithPath: root + path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: root + path)
    }

    func write(_ path: String, _ text: String) throws { try write(path, text.utf8) }

    func link(_ path: String, to target: String) throws {
        try makeParent(of: path)
        try FileManager.default.createSymbolicLink(atPath: root + path, withDestinationPath: target)
    }

    func directory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: root + path, withIntermediateDirectories: true)
    }

    private func makeParent(of path: String) throws {
        try directory((path as NSString).deletingLastPathComponent)
    }

    /// A resolver that takes the directory for the root.
    func resolver(_ architecture: String = "amd64") throws -> ExecutableResolver {
        ExecutableResolver(root: root, machine: try Machine(architecture: architecture))
    }

    /// The closure of executables in this root.
    func closure(of paths: ByteString..., opening patterns: [ByteString] = []) throws -> ExecutableClosure {
        try resolver().closure(of: paths, opening: patterns)
    }
}

extension ExecutableClosure {
    /// The paths of all files as text.
    var paths: [String] { files.map(\.path.description) }

    /// The links as `path -> target`.
    var arrows: [String] { links.map { "\($0.path) -> \($0.target)" } }

    /// Why a file is there.
    func reason(_ path: ByteString) -> ExecutableClosure.Reason? { files.first { $0.path == path }?.reason }
}
