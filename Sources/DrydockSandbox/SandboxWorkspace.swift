// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
public import DrydockFiles
import Glibc

/// A temporary directory of one run: what it changed lies there until nobody refers to it any more.
///
/// It is locked while it is in use. What a killed process has left behind is removed by the next run.
public final class SandboxWorkspace: Sendable {
    /// Where it is.
    public let path: String
    private let lock: OwnedDescriptor
    private let removal: SandboxRemoval

    private static let prefix = "drydock-sandbox-"

    /// Makes a new one in a directory, and removes those there that nobody uses any more.
    ///
    /// - Throws: `SystemError`.
    init(in directory: String, removal: SandboxRemoval) throws {
        self.removal = removal
        Self.removeLeftovers(in: directory, removal)
        path = "\(directory)/\(Self.prefix)\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        guard unsafe mkdir(path, 0o700) == 0 else {
            throw SystemError(
                "create",
                path,
                errorNumber: errno,
                hint: "set TMPDIR to a directory that you may write to"
            )
        }
        lock = try OwnedDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        _ = try checked(drydock_try_lock(lock.number), "lock", path)
        for name in ["upper", "work", "root", "host", "empty", "proc", "sys"] { try make(name) }
    }

    deinit { removal.remove(path) }

    /// Makes a directory for the root of runs, which a later run removes if this process is killed.
    ///
    /// - Parameter parent: Where workspaces are.
    /// - Returns: The directory, which is in use as long as it is open.
    /// - Throws: `SystemError`.
    public static func makeRoot(in parent: borrowing HostDirectory) throws -> HostDirectory {
        let name = ByteString("\(prefix)root-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        let directory = try parent.makeDirectory(name, mode: 0o755)
        _ = try checked(drydock_try_lock(directory.number), "lock", directory.path)
        return directory
    }

    /// Makes a directory in it.
    func make(_ name: String, mode: UInt32 = 0o755) throws {
        guard unsafe mkdir("\(path)/\(name)", mode) == 0, unsafe chmod("\(path)/\(name)", mode) == 0 else {
            throw SystemError("create", "\(path)/\(name)", errorNumber: errno)
        }
    }

    /// Gives a directory elsewhere a name in it that is safe in the options of a mount.
    func link(_ name: String, to target: String) throws {
        guard unsafe symlink(target, "\(path)/\(name)") == 0 else {
            throw SystemError("create", "\(path)/\(name)", errorNumber: errno)
        }
    }

    private static func removeLeftovers(in directory: String, _ removal: SandboxRemoval) {
        guard let parent = try? HostDirectory(directory), let names = try? parent.names() else { return }
        for name in names where name.bytes.starts(with: prefix.utf8) {
            guard let found = try? HostDirectory(name, in: parent, followingLinks: false),
                let status = try? found.status(), status.uid == geteuid(), drydock_try_lock(found.number) == 0
            else { continue }
            removal.remove(parent.path(of: name))
        }
    }
}

/// Removes directories that may hold files of ids which only exist in a sandbox.
public struct SandboxRemoval: Sendable {
    let mode: SandboxMode
    let abilities: SandboxAbilities

    /// Removal by what this user can do.
    public init(abilities: SandboxAbilities) {
        mode = abilities.mode
        self.abilities = abilities
    }

    init(mode: SandboxMode, abilities: SandboxAbilities) {
        self.mode = mode
        self.abilities = abilities
    }

    /// Removes a directory with all it holds; what cannot be removed stays, to be tried again by a later run.
    public func remove(_ path: String) {
        let components = path.split(separator: "/")
        guard let name = components.last else { return }
        let parent = "/" + components.dropLast().joined(separator: "/")
        let removed: Void? = try? HostDirectory(parent).removeTree(ByteString(String(name)))
        // A user may not remove the files of subordinate ids; root of a namespace that has them may.
        guard removed == nil, mode == .subordinate else { return }
        var plan = SandboxPlan(mode: mode, abilities: abilities, namespaces: SandboxNamespaces.user)
        plan.steps = [.remove(path)]
        _ = try? SandboxProcess(plan: plan, control: SandboxControl(), output: { _ in }).run()
    }
}

/// `CLONE_NEW…` flags of clone(2).
enum SandboxNamespaces {
    static let mounts: UInt64 = 0x0002_0000
    static let controlGroups: UInt64 = 0x0200_0000
    static let hostName: UInt64 = 0x0400_0000
    static let communication: UInt64 = 0x0800_0000
    static let user: UInt64 = 0x1000_0000
    static let processes: UInt64 = 0x2000_0000
    static let network: UInt64 = 0x4000_0000
    static let time: UInt64 = 0x80
}
