// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockSandbox
import DrydockTar

/// One thing that a script changed in the root file system that it ran on.
enum ScriptChange: Sendable {
    /// What was there before is gone.
    case gone(ByteString)
    /// A directory of which nothing remains but what other changes tell.
    case opaque(TreeEntry)
    /// What is there now.
    case entry(TreeEntry)

    /// Where it is.
    var path: ByteString {
        switch self {
        case .gone(let path): path
        case .opaque(let entry), .entry(let entry): entry.path
        }
    }
}

extension ScriptChange {
    /// What a sandbox tells, as entries of a layer.
    ///
    /// - Parameters:
    ///   - changes: The changes, whose bytes stay where they are as long as the entries are used.
    ///   - script: The script's name.
    ///   - style: The time of entries.
    /// - Returns: The changes, in the order of their paths.
    /// - Throws: ``ScriptFailure`` for an entry that no layer can hold; `SystemError`.
    static func all(of changes: SandboxChanges, by script: String, _ style: EntryStyle) throws -> [ScriptChange] {
        var files = try ChangedFiles(in: TreeRoot(changes.directory, keeping: changes.workspace))
        return try changes.changes.map { change in
            switch change.node {
            case .nothing: return .gone(change.path)
            case .directory(isOpaque: true): return .opaque(try entry(change, &files, script, style))
            default: return .entry(try entry(change, &files, script, style))
            }
        }
    }

    private static func entry(
        _ change: SandboxChange,
        _ files: inout ChangedFiles,
        _ script: String,
        _ style: EntryStyle
    ) throws -> TreeEntry {
        var attributes = TreeEntry.Attributes(
            mode: change.mode,
            owner: TreeEntry.Ownership(uid: change.uid, gid: change.gid),
            modificationTime: style.modificationTime
        )
        if change.uid == 0 { attributes.owner.userName = "root" }
        if change.gid == 0 { attributes.owner.groupName = "root" }
        attributes.extendedAttributes = change.attributes.map {
            DrydockTar.ExtendedAttribute(name: $0.name, value: $0.value)
        }
        return TreeEntry(
            path: change.path,
            node: try node(change, &files, script),
            attributes: attributes,
            linkIdentity: change.linkIdentity
        )
    }

    private static func node(_ change: SandboxChange, _ files: inout ChangedFiles, _ script: String) throws
        -> TreeEntry.Node
    {
        switch change.node {
        case .directory, .nothing: return .directory
        case .symlink(let target): return .symlink(target)
        case .fifo: return .fifo
        case .characterDevice(let major, let minor): return .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): return .blockDevice(major: major, minor: minor)
        case .file:
            let status = try files.status(of: change.path)
            guard status.kind == .regular else {
                throw ScriptFailure(.unpackable(path: "/\(change.path)"), script: script)
            }
            return .file(.host(TreeFile(root: files.root, path: change.path, status: status)))
        }
    }
}

/// Looks at files of a directory; the directory of the last one stays open, for changes come directory by directory.
private struct ChangedFiles {
    private final class Parent {
        let path: ByteString
        let directory: HostDirectory

        init(_ path: ByteString, _ directory: consuming HostDirectory) {
            self.path = path
            self.directory = directory
        }
    }

    let root: TreeRoot
    private let top: Parent
    private var last: Parent

    init(in root: TreeRoot) throws(SystemError) {
        self.root = root
        top = Parent("", try HostDirectory(root.path))
        last = top
    }

    mutating func status(of path: ByteString) throws(SystemError) -> FileStatus {
        let parent = path.above
        if parent.isEmpty {
            last = top
        } else if parent != last.path {
            last = Parent(parent, try HostDirectory(beneath: top.directory, path: parent))
        }
        return try last.directory.status(of: path.lastComponent, followingLinks: false)
    }
}
