// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

/// Copies the lower directories of a root into one directory, where overlayfs is refused.
struct RootCopy {
    let root: SandboxRoot

    /// Copies everything into an empty directory.
    ///
    /// - Throws: `SystemError`.
    func copy(to path: String) throws {
        for lower in root.lower {
            let from = try HostDirectory(lower)
            let to = try HostDirectory(path)
            try copyEntries(from, to)
            try to.setMode(UInt32(try from.status().mode))
        }
    }

    private func copyEntries(_ from: borrowing HostDirectory, _ to: borrowing HostDirectory) throws {
        for name in try from.names() {
            let status = try from.status(of: name, followingLinks: false)
            let present = try? to.status(of: name, followingLinks: false)
            if let present, present.kind != .directory || status.kind != .directory { try to.removeTree(name) }
            switch status.kind {
            case .directory: try copyDirectory(name, status, from, to, isThere: present?.kind == .directory)
            case .regular: try copyFile(name, status, from, to)
            case .symlink: try to.makeLink(name, target: try from.linkTarget(of: name))
            default: try makeSpecial(name, status, to)
            }
        }
    }

    private func copyDirectory(
        _ name: ByteString,
        _ status: FileStatus,
        _ from: borrowing HostDirectory,
        _ to: borrowing HostDirectory,
        isThere: Bool
    ) throws {
        let below =
            isThere
            ? try HostDirectory(name, in: to, followingLinks: false) : try to.makeDirectory(name, mode: 0o700)
        try copyEntries(try HostDirectory(name, in: from, followingLinks: false), below)
        try below.setMode(UInt32(status.mode))
        try copyAttributes(name, from, to)
    }

    private func copyFile(
        _ name: ByteString,
        _ status: FileStatus,
        _ from: borrowing HostDirectory,
        _ to: borrowing HostDirectory
    ) throws {
        let source = try from.open(name)
        let target = try to.makeFile(name, mode: 0o600)
        let result = drydock_copy_file(source.number, target.number, status.size)
        _ = try checked(result, "copy", from.path(of: name))
        try target.setMode(UInt32(status.mode), path: to.path(of: name))
        try copyAttributes(name, from, to)
    }

    private func makeSpecial(_ name: ByteString, _ status: FileStatus, _ to: borrowing HostDirectory) throws {
        guard status.kind == .fifo else { return }
        let number = to.number
        guard unsafe name.withCString({ unsafe mkfifoat(number, $0, mode_t(status.mode)) }) != 0 else { return }
        throw SystemError("create", to.path(of: name), errorNumber: errno)
    }

    private func copyAttributes(
        _ name: ByteString,
        _ from: borrowing HostDirectory,
        _ to: borrowing HostDirectory
    ) throws {
        for attribute in try from.extendedAttributeNames(of: name) where attribute.bytes.starts(with: "user.".utf8) {
            try to.setExtendedAttribute(attribute, of: name, to: try from.extendedAttribute(attribute, of: name))
        }
    }
}
