// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTar
import Glibc

/// The entries that a spec declares one by one in `files`.
struct DeclaredFiles {
    let spec: ImageSpec
    let environment: BuildEnvironment
    let style: EntryStyle

    /// The files of this host that entries are made from.
    var sources: [String] {
        spec.files.compactMap { file in
            guard case .source(let path) = file.content else { return nil }
            return spec.resolve(path)
        }
    }

    /// The entry for one declaration.
    ///
    /// - Throws: ``SystemError`` and ``TreeError`` for a source that is no readable file.
    func entry(_ file: FileSpec) throws -> TreeEntry {
        let (node, usualMode) = try node(file.content)
        return TreeEntry(
            path: ContentsResolver.imagePath(file.path),
            node: node,
            attributes: TreeEntry.Attributes(
                mode: file.mode ?? usualMode,
                owner: TreeEntry.Ownership(uid: file.uid, gid: file.gid),
                modificationTime: try file.mtime.map { try environment.instant(of: $0).seconds }
                    ?? style.modificationTime,
                extendedAttributes: file.xattrs.map { name, value in
                    DrydockTar.ExtendedAttribute(name: ByteString(name), value: value)
                }.sorted { $0.name < $1.name }
            )
        )
    }

    private func node(_ content: FileSpec.Content) throws -> (node: TreeEntry.Node, usualMode: UInt16) {
        switch content {
        case .text(let text): return (.file(.bytes(Array(text.utf8))), 0o644)
        case .directory: return (.directory, 0o755)
        case .symlink(let target): return (.symlink(ByteString(target)), 0o777)
        case .source(let path):
            let file = try source(spec.resolve(path))
            return (.file(.host(file)), file.status.mode & 0o100 == 0 ? 0o644 : 0o755)
        }
    }

    /// The file that a path leads to, through links.
    private func source(_ path: String) throws -> TreeFile {
        guard let resolved = unsafe realpath(path, nil) else {
            throw SystemError("read", path, errorNumber: errno)
        }
        defer { unsafe free(resolved) }
        let real = unsafe String(cString: resolved)
        let status = try FileStatus(of: real)
        guard status.kind == .regular else { throw TreeError(.notAFile, path) }
        return TreeFile(root: TreeRoot("/"), path: ByteString(Array(real.utf8.dropFirst())), status: status)
    }
}
