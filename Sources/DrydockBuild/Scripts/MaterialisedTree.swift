// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockSandbox
import DrydockTar
import Glibc

/// Entries as files of this host, for as long as a script runs on them.
enum MaterialisedTree {
    /// Calls `body` with a root of the entries.
    static func with<Result>(
        _ entries: [TreeEntry],
        in environment: BuildEnvironment,
        _ body: (SandboxRoot) throws -> Result
    ) throws -> Result {
        let parent = environment.absolute(environment.temporaryDirectory)
        do { return try with(entries, below: parent, environment.scripts, body) } catch let error as SystemError {
            throw error.hintingAtSpace(below: parent)
        }
    }

    private static func with<Result>(
        _ entries: [TreeEntry],
        below parent: String,
        _ scripts: ScriptSettings,
        _ body: (SandboxRoot) throws -> Result
    ) throws -> Result {
        let root = try SandboxWorkspace.makeRoot(in: HostDirectory(parent))
        try root.setMode(0o755)
        defer { SandboxRemoval(abilities: scripts.abilities).remove(root.path) }
        // A name of its own for each: in a user namespace overlayfs would lose the owner of a file with several names.
        let unpacked = scripts.isSingle ? entries.map(\.withoutLinksIfOwned) : entries
        _ = try TreeUnpacking(keepsOwners: false, makesDevices: false).unpack(unpacked, into: root)
        let owners = entries.compactMap(\.special)
        return try body(SandboxRoot(lower: [root.path], owners: owners))
    }
}

extension SystemError {
    /// The same, with what helps where the files of sandboxes do not fit.
    fileprivate func hintingAtSpace(below temporaryDirectory: String) -> SystemError {
        guard errorNumber == ENOSPC, path.hasPrefix("\(temporaryDirectory)/") else { return self }
        let hint = "set TMPDIR to a directory with more room"
        return SystemError(operation, path, errorNumber: errorNumber, hint: hint)
    }
}

extension TreeEntry {
    /// What a file of this host cannot tell of it, as long as it belongs to whoever made it.
    fileprivate var special: SandboxRoot.Owner? {
        let capability = attributes.extendedAttributes.first { $0.name == "security.capability" }
        let isUsual = attributes.owner.uid == 0 && attributes.owner.gid == 0 && attributes.mode & 0o6000 == 0
        if isDevice || isUsual && capability == nil { return nil }
        return SandboxRoot.Owner(
            path: path,
            uid: attributes.owner.uid,
            gid: attributes.owner.gid,
            mode: attributes.mode,
            capability: capability?.value
        )
    }

    /// The entry, as a file for itself if another than root owns it.
    fileprivate var withoutLinksIfOwned: TreeEntry {
        guard linkIdentity != nil, special != nil else { return self }
        var entry = self
        entry.linkIdentity = nil
        return entry
    }

    /// Whether it is a device, which nobody but root can make.
    fileprivate var isDevice: Bool {
        switch node {
        case .characterDevice, .blockDevice: true
        default: false
        }
    }
}
