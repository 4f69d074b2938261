// SPDX-License-Identifier: Apache-2.0

package import CDrydockHost
import Glibc

extension EmulatedCall {
    /// The meaning of a call's registers.
    ///
    /// - Parameters:
    ///   - call: Which one.
    ///   - registers: The six arguments.
    package init(_ call: drydock_call, registers: InlineArray<6, UInt64>) {
        self = Registers(values: registers).decode(call)
    }
}

/// The six arguments of a system call; of numbers with 32 bits the upper half means nothing.
private struct Registers {
    let values: InlineArray<6, UInt64>

    func decode(_ call: drydock_call) -> EmulatedCall {
        ownership(call) ?? creation(call) ?? link(call) ?? status(call) ?? attribute(call) ?? identityChange(call)
            ?? identity(call)
            ?? .foreign
    }

    private func address(_ number: Int) -> UInt64 { values[number] }
    private func integer(_ number: Int) -> Int32 { Int32(truncatingIfNeeded: values[number]) }
    private func bits(_ number: Int) -> UInt32 { UInt32(truncatingIfNeeded: values[number]) }
    /// A user or group, where -1 means none.
    private func identifier(_ number: Int) -> UInt32? { bits(number) == .max ? nil : bits(number) }
    private func buffer(_ address: Int, _ size: Int) -> CallBuffer {
        CallBuffer(address: values[address], size: values[size])
    }

    private func path(_ number: Int, followsLinks: Bool = true) -> CallPath {
        CallPath(address: values[number], followsLinks: followsLinks)
    }

    private func path(in directory: Int, _ number: Int) -> CallPath {
        CallPath(directory: integer(directory), address: values[number])
    }

    /// A path with flags as `fchownat` and `statx` have them; nil if a flag is not among `others`.
    private func path(in directory: Int, _ number: Int, flags: Int, others: Int32 = 0) -> CallPath? {
        let flags = integer(flags)
        guard flags & ~(AT_SYMLINK_NOFOLLOW | emptyPathFlag | others) == 0 else { return nil }
        var path = path(in: directory, number)
        path.followsLinks = flags & AT_SYMLINK_NOFOLLOW == 0
        path.allowsEmpty = flags & emptyPathFlag != 0
        return path
    }

    private func ownership(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_CHOWN: .changeOwner(.path(path(0)), uid: identifier(1), gid: identifier(2))
        case DRYDOCK_CALL_LCHOWN:
            .changeOwner(.path(path(0, followsLinks: false)), uid: identifier(1), gid: identifier(2))
        case DRYDOCK_CALL_FCHOWN: .changeOwner(.descriptor(integer(0)), uid: identifier(1), gid: identifier(2))
        case DRYDOCK_CALL_FCHOWNAT:
            path(in: 0, 1, flags: 4).map { .changeOwner(.path($0), uid: identifier(2), gid: identifier(3)) } ?? .unknown
        default: nil
        }
    }

    private func creation(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_OPEN: .create(.opened(flags: integer(1), mode: bits(2)), at: path(0))
        case DRYDOCK_CALL_CREAT: .create(.opened(flags: O_CREAT | O_WRONLY | O_TRUNC, mode: bits(1)), at: path(0))
        case DRYDOCK_CALL_OPENAT: .create(.opened(flags: integer(2), mode: bits(3)), at: path(in: 0, 1))
        case DRYDOCK_CALL_OPENAT2: .create(.openedAs(buffer(2, 3)), at: path(in: 0, 1))
        case DRYDOCK_CALL_MKDIR: .create(.directory(mode: bits(1)), at: path(0))
        case DRYDOCK_CALL_MKDIRAT: .create(.directory(mode: bits(2)), at: path(in: 0, 1))
        case DRYDOCK_CALL_MKNOD: .create(.node(mode: bits(1), device: values[2]), at: path(0))
        case DRYDOCK_CALL_MKNODAT: .create(.node(mode: bits(2), device: values[3]), at: path(in: 0, 1))
        case DRYDOCK_CALL_SYMLINK: .create(.symlink(target: address(0)), at: path(1))
        case DRYDOCK_CALL_SYMLINKAT: .create(.symlink(target: address(0)), at: path(in: 1, 2))
        default: nil
        }
    }

    private func link(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_LINK: return .link(.path(path(0, followsLinks: false)))
        case DRYDOCK_CALL_LINKAT:
            let flags = integer(4)
            guard flags & ~(AT_SYMLINK_FOLLOW | emptyPathFlag) == 0 else { return .unknown }
            var path = path(in: 0, 1)
            path.followsLinks = flags & AT_SYMLINK_FOLLOW != 0
            path.allowsEmpty = flags & emptyPathFlag != 0
            return .link(.path(path))
        default: return nil
        }
    }

    private func status(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_STAT: return .status(.path(path(0)), into: address(1))
        case DRYDOCK_CALL_LSTAT: return .status(.path(path(0, followsLinks: false)), into: address(1))
        case DRYDOCK_CALL_FSTAT: return .status(.descriptor(integer(0)), into: address(1))
        case DRYDOCK_CALL_FSTATAT:
            guard let path = path(in: 0, 1, flags: 3, others: noAutomountFlag) else { return .unknown }
            return .status(.path(path), into: address(2))
        case DRYDOCK_CALL_STATX:
            let synchronization = synchronizationFlags
            guard let path = path(in: 0, 1, flags: 2, others: noAutomountFlag | synchronization) else {
                return .unknown
            }
            return .extendedStatus(
                .path(path),
                flags: integer(2) & synchronization,
                mask: bits(3),
                into: address(4)
            )
        default: return nil
        }
    }

    private func attribute(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_SETXATTR: .attribute(.path(path(0)), setting)
        case DRYDOCK_CALL_LSETXATTR: .attribute(.path(path(0, followsLinks: false)), setting)
        case DRYDOCK_CALL_FSETXATTR: .attribute(.descriptor(integer(0)), setting)
        case DRYDOCK_CALL_GETXATTR: .attribute(.path(path(0)), getting)
        case DRYDOCK_CALL_LGETXATTR: .attribute(.path(path(0, followsLinks: false)), getting)
        case DRYDOCK_CALL_FGETXATTR: .attribute(.descriptor(integer(0)), getting)
        case DRYDOCK_CALL_LISTXATTR: .attribute(.path(path(0)), .list(into: buffer(1, 2)))
        case DRYDOCK_CALL_LLISTXATTR: .attribute(.path(path(0, followsLinks: false)), .list(into: buffer(1, 2)))
        case DRYDOCK_CALL_FLISTXATTR: .attribute(.descriptor(integer(0)), .list(into: buffer(1, 2)))
        case DRYDOCK_CALL_REMOVEXATTR: .attribute(.path(path(0)), .remove(name: address(1)))
        case DRYDOCK_CALL_LREMOVEXATTR: .attribute(.path(path(0, followsLinks: false)), .remove(name: address(1)))
        case DRYDOCK_CALL_FREMOVEXATTR: .attribute(.descriptor(integer(0)), .remove(name: address(1)))
        default: nil
        }
    }

    private var setting: AttributeAccess { .set(name: address(1), value: buffer(2, 3), flags: integer(4)) }
    private var getting: AttributeAccess { .get(name: address(1), into: buffer(2, 3)) }

    private func identityChange(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_SETUID: .changeUser(.all(bits(0)))
        case DRYDOCK_CALL_SETGID: .changeGroup(.all(bits(0)))
        case DRYDOCK_CALL_SETREUID: .changeUser(.realEffective(identifier(0), identifier(1)))
        case DRYDOCK_CALL_SETREGID: .changeGroup(.realEffective(identifier(0), identifier(1)))
        case DRYDOCK_CALL_SETRESUID:
            .changeUser(.realEffectiveSaved(identifier(0), identifier(1), identifier(2)))
        case DRYDOCK_CALL_SETRESGID:
            .changeGroup(.realEffectiveSaved(identifier(0), identifier(1), identifier(2)))
        case DRYDOCK_CALL_SETFSUID: .changeUser(.fileSystem(bits(0)))
        case DRYDOCK_CALL_SETFSGID: .changeGroup(.fileSystem(bits(0)))
        case DRYDOCK_CALL_SETGROUPS: .changeGroups(count: integer(0), at: address(1))
        case DRYDOCK_CALL_CAPSET: .changeCapabilities(header: address(0), sets: address(1))
        case DRYDOCK_CALL_KEEP_CAPABILITIES: .keepCapabilities(address(1) != 0)
        case DRYDOCK_CALL_EXECUTE: .execute
        default: nil
        }
    }

    private func identity(_ call: drydock_call) -> EmulatedCall? {
        switch call {
        case DRYDOCK_CALL_GETUID: .identity(\.user.real)
        case DRYDOCK_CALL_GETEUID: .identity(\.user.effective)
        case DRYDOCK_CALL_GETGID: .identity(\.group.real)
        case DRYDOCK_CALL_GETEGID: .identity(\.group.effective)
        case DRYDOCK_CALL_GETRESUID: .identities(\.user, into: (0..<3).map { values[$0] })
        case DRYDOCK_CALL_GETRESGID: .identities(\.group, into: (0..<3).map { values[$0] })
        case DRYDOCK_CALL_GETGROUPS: .groups(count: integer(0), into: address(1))
        default: nil
        }
    }
}

/// `AT_EMPTY_PATH`, which the C library shows only with GNU extensions.
let emptyPathFlag: Int32 = 0x1000

/// `AT_STATX_FORCE_SYNC` and `AT_STATX_DONT_SYNC`.
private let synchronizationFlags: Int32 = 0x6000

/// `AT_NO_AUTOMOUNT`, which needs GNU extensions, too.
private let noAutomountFlag: Int32 = 0x800
