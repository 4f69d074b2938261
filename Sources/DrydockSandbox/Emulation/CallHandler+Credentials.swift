// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

extension CallHandler {
    private var credentials: Credentials { state.credentials.credentials(of: caller.number) }

    /// setuid(2) and its kin.
    func changeUser(by change: IdentityChange) throws(CallFailure) -> CallAnswer {
        let before = credentials
        try set(before.changingUser(by: change))
        return Self.result(of: change, before.user)
    }

    /// setgid(2) and its kin.
    func changeGroup(by change: IdentityChange) throws(CallFailure) -> CallAnswer {
        let before = credentials
        try set(before.changingGroup(by: change))
        return Self.result(of: change, before.group)
    }

    /// setfsuid(2) and setfsgid(2) return the number that was set before, whether or not it was changed.
    private static func result(of change: IdentityChange, _ before: Credentials.Numbers) -> CallAnswer {
        guard case .fileSystem = change else { return .value(0) }
        return .value(Int64(before.fileSystem))
    }

    /// setgroups(2).
    func changeGroups(count: Int32, at address: UInt64) throws(CallFailure) -> CallAnswer {
        guard (0...maximumGroupCount).contains(count) else { throw CallFailure(EINVAL) }
        let numbers = Self.numbers(in: try caller.memory(at: address, count: Int(count) * 4))
        try set(credentials.changingGroups(to: numbers))
        return .value(0)
    }

    /// capset(2): the kernel changes what the process may really do in its namespaces; here it is noted as well.
    func changeCapabilities(header: UInt64, sets: UInt64) throws(CallFailure) -> CallAnswer {
        let version = Self.numbers(in: try caller.memory(at: header, count: 4))[0]
        // `_LINUX_CAPABILITY_VERSION_1`, whose sets have 32 bits; later ones have two such groups of three.
        let words = Self.numbers(in: try caller.memory(at: sets, count: version == 0x1998_0330 ? 12 : 24))
        let effective = UInt64(words[0]) | (words.count > 3 ? UInt64(words[3]) << 32 : 0)
        let permitted = UInt64(words[1]) | (words.count > 3 ? UInt64(words[4]) << 32 : 0)
        try set(
            credentials.settingCapabilities(
                effective: Capabilities(rawValue: effective),
                permitted: Capabilities(rawValue: permitted)
            )
        )
        return .proceed
    }

    /// prctl(2) with `PR_SET_KEEPCAPS`.
    func keepCapabilities(_ keeps: Bool) throws(CallFailure) -> CallAnswer {
        try set(credentials.keepingCapabilities(keeps))
        return .proceed
    }

    /// execve(2): another program begins with the capabilities of its user.
    ///
    /// The kernel does not tell beforehand whether it will succeed; so a process whose exec fails has lost what it would
    /// have lost by its success. Shells look for programs in a child that does nothing else.
    func execute() throws(CallFailure) -> CallAnswer {
        // The first program of all is asked about here before it could change its root.
        _ = try? mounts()
        try set(credentials.executing())
        return .proceed
    }

    private func set(_ credentials: Credentials) throws(CallFailure) {
        guard credentials != self.credentials else { return }
        try confirm()
        try state.credentials.set(credentials, of: caller.number)
    }

    /// getuid(2) and its kin.
    func identity(_ number: KeyPath<Credentials, UInt32>) -> CallAnswer {
        let credentials = self.credentials
        // Also in a user namespace that a program made itself, where root may have another number.
        if credentials.isRoot { return .proceed }
        return .value(Int64(credentials[keyPath: number]))
    }

    /// getresuid(2) and getresgid(2).
    func identities(
        _ numbers: KeyPath<Credentials, Credentials.Numbers>,
        into addresses: [UInt64]
    ) throws(CallFailure) -> CallAnswer {
        let credentials = self.credentials
        if credentials.isRoot { return .proceed }
        let found = credentials[keyPath: numbers]
        for (number, address) in zip([found.real, found.effective, found.saved], addresses) {
            try write(Self.bytes(of: [number]), at: address)
        }
        return .value(0)
    }

    /// getgroups(2): always answered, since the kernel would tell the groups of whoever started the sandbox.
    func groups(count: Int32, into address: UInt64) throws(CallFailure) -> CallAnswer {
        let groups = credentials.groups
        guard count >= 0 else { throw CallFailure(EINVAL) }
        if count > 0 {
            guard groups.count <= Int(count) else { throw CallFailure(EINVAL) }
            try write(Self.bytes(of: groups), at: address)
        }
        return .value(Int64(groups.count))
    }

    private static func numbers(in bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
    }

    private static func bytes(of numbers: [UInt32]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
    }
}

/// `NGROUPS_MAX` of linux/limits.h.
private let maximumGroupCount: Int32 = 65_536
