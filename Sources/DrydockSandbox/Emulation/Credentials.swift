// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a call fails: the number that it returns to its caller.
package struct CallFailure: Error, Equatable, Sendable {
    /// As in `<errno.h>`.
    package let errorNumber: Int32

    /// A failure with this number.
    package init(_ errorNumber: Int32) { self.errorNumber = errorNumber }
}

/// The capabilities that emulated calls ask for, by their bits in linux/capability.h.
package struct Capabilities: OptionSet, Hashable, Sendable {
    /// One bit for each capability.
    package let rawValue: UInt64

    /// The capabilities with these bits.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `CAP_CHOWN`.
    package static let changeOwners = Capabilities(rawValue: 1 << 0)
    /// `CAP_SETGID`.
    package static let setGroup = Capabilities(rawValue: 1 << 6)
    /// `CAP_SETUID`.
    package static let setUser = Capabilities(rawValue: 1 << 7)
    /// `CAP_SYS_ADMIN`.
    package static let administer = Capabilities(rawValue: 1 << 21)
    /// `CAP_MKNOD`.
    package static let makeDevices = Capabilities(rawValue: 1 << 27)
    /// `CAP_SETFCAP`.
    package static let labelFiles = Capabilities(rawValue: 1 << 31)
    /// All of these; others are the kernel's alone.
    package static let all: Capabilities = [
        .changeOwners, .setGroup, .setUser, .administer, .makeDevices, .labelFiles,
    ]
}

/// Who a process is, as it sees itself: the numbers of credentials(7), and what it may do.
package struct Credentials: Hashable, Sendable {
    /// The four numbers that a process has of each kind, for its user and for its group.
    package struct Numbers: Hashable, Sendable {
        /// Who started it.
        package var real: UInt32
        /// Whose rights it has.
        package var effective: UInt32
        /// Whose rights it may take up again.
        package var saved: UInt32
        /// Whom files that it makes belong to; follows the effective number.
        package var fileSystem: UInt32

        /// The same number in all four places.
        package init(_ number: UInt32) {
            real = number
            effective = number
            saved = number
            fileSystem = number
        }

        fileprivate var hasRoot: Bool { real == 0 || effective == 0 || saved == 0 }
    }

    /// The user's numbers.
    package private(set) var user: Numbers
    /// The group's numbers.
    package private(set) var group: Numbers
    /// The further groups, in the order in which they were set.
    package private(set) var groups: [UInt32]
    /// What it may do now.
    package private(set) var effective: Capabilities
    /// What it may let itself do.
    package private(set) var permitted: Capabilities
    /// What no program gains beyond.
    private let bounding: Capabilities
    /// Whether `permitted` outlives that the last of the user's numbers stops to be root's.
    package private(set) var keepsCapabilities = false

    /// A process of one user and group; root has all capabilities within `bounding`.
    package init(uid: UInt32, gid: UInt32, groups: [UInt32] = [], bounding: Capabilities = .all) {
        user = Numbers(uid)
        group = Numbers(gid)
        self.groups = groups
        self.bounding = bounding
        effective = uid == 0 ? bounding : []
        permitted = effective
    }

    /// The process that root starts.
    package static let root = Credentials(uid: 0, gid: 0)

    /// Whether all of its numbers are those that the kernel itself tells.
    package var isRoot: Bool { user == Numbers(0) && group == Numbers(0) }

    /// Whether the kernel would let it do something.
    package func has(_ capability: Capabilities) -> Bool { effective.contains(capability) }

    /// Whether a file of this owner and group may be given to another, as chown(2) says.
    package func mayChange(uid: UInt32, gid: UInt32, toUser newUser: UInt32?, toGroup newGroup: UInt32?) -> Bool {
        if has(.changeOwners) { return true }
        guard uid == user.fileSystem, newUser == nil || newUser == uid else { return false }
        guard let newGroup, newGroup != gid else { return true }
        return newGroup == group.fileSystem || groups.contains(newGroup)
    }
}

extension Credentials {
    /// The credentials after setuid(2) or one of its kin; capabilities follow as capabilities(7) says.
    ///
    /// - Throws: What the call fails with.
    package func changingUser(by change: IdentityChange) throws(CallFailure) -> Credentials {
        var changed = self
        changed.user = try user.changed(by: change, isPrivileged: has(.setUser))
        if case .fileSystem = change { return changed }
        if user.hasRoot && !changed.user.hasRoot && !keepsCapabilities { changed.permitted = [] }
        switch (user.effective == 0, changed.user.effective == 0) {
        case (true, false): changed.effective = []
        case (false, true): changed.effective = changed.permitted
        default: changed.effective.formIntersection(changed.permitted)
        }
        return changed
    }

    /// The credentials after setgid(2) or one of its kin.
    ///
    /// - Throws: What the call fails with.
    package func changingGroup(by change: IdentityChange) throws(CallFailure) -> Credentials {
        var changed = self
        changed.group = try group.changed(by: change, isPrivileged: has(.setGroup))
        return changed
    }

    /// The credentials after setgroups(2).
    ///
    /// - Throws: What the call fails with.
    package func changingGroups(to groups: [UInt32]) throws(CallFailure) -> Credentials {
        guard has(.setGroup) else { throw CallFailure(EPERM) }
        var changed = self
        changed.groups = groups
        return changed
    }

    /// The credentials after capset(2): nothing is gained that was not permitted.
    package func settingCapabilities(effective: Capabilities, permitted: Capabilities) -> Credentials {
        var changed = self
        changed.permitted.formIntersection(permitted)
        changed.effective = effective.intersection(changed.permitted)
        return changed
    }

    /// The credentials after prctl(2) with `PR_SET_KEEPCAPS`.
    package func keepingCapabilities(_ keeps: Bool) -> Credentials {
        var changed = self
        changed.keepsCapabilities = keeps
        return changed
    }

    /// The credentials of a program that is executed: root's has all capabilities, another's none.
    package func executing() -> Credentials {
        var changed = self
        changed.user.saved = user.effective
        changed.group.saved = group.effective
        changed.permitted = user.real == 0 || user.effective == 0 ? bounding : []
        changed.effective = user.effective == 0 ? bounding : []
        changed.keepsCapabilities = false
        return changed
    }
}

extension Credentials.Numbers {
    /// The numbers after a call.
    ///
    /// - Throws: What the call fails with.
    package func changed(by change: IdentityChange, isPrivileged: Bool) throws(CallFailure) -> Self {
        switch change {
        case .all(let number): return try settingAll(number, isPrivileged: isPrivileged)
        case .realEffective(let real, let effective):
            return try setting(real: real, effective: effective, isPrivileged: isPrivileged)
        case .realEffectiveSaved(let real, let effective, let saved):
            return try setting(real: real, effective: effective, saved: saved, isPrivileged: isPrivileged)
        case .fileSystem(let number): return settingFileSystem(number, isPrivileged: isPrivileged)
        }
    }

    /// setuid(2) and setgid(2).
    func settingAll(_ number: UInt32, isPrivileged: Bool) throws(CallFailure) -> Self {
        guard number != .max else { throw CallFailure(EINVAL) }
        if isPrivileged { return Self(number) }
        guard number == real || number == saved else { throw CallFailure(EPERM) }
        var changed = self
        changed.effective = number
        changed.fileSystem = number
        return changed
    }

    /// setreuid(2) and setregid(2); nil leaves a number as it is.
    func setting(real newReal: UInt32?, effective newEffective: UInt32?, isPrivileged: Bool) throws(CallFailure) -> Self
    {
        let mayBeReal = [real, effective]
        let mayBeEffective = [real, effective, saved]
        guard isPrivileged || (newReal.map(mayBeReal.contains) ?? true) else { throw CallFailure(EPERM) }
        guard isPrivileged || (newEffective.map(mayBeEffective.contains) ?? true) else { throw CallFailure(EPERM) }
        var changed = self
        changed.real = newReal ?? real
        changed.effective = newEffective ?? effective
        if newReal != nil || (newEffective != nil && newEffective != real) { changed.saved = changed.effective }
        changed.fileSystem = changed.effective
        return changed
    }

    /// setresuid(2) and setresgid(2); nil leaves a number as it is.
    func setting(
        real newReal: UInt32?,
        effective newEffective: UInt32?,
        saved newSaved: UInt32?,
        isPrivileged: Bool
    ) throws(CallFailure) -> Self {
        let allowed = [real, effective, saved]
        let wanted = [newReal, newEffective, newSaved].compactMap { $0 }
        guard isPrivileged || wanted.allSatisfy(allowed.contains) else { throw CallFailure(EPERM) }
        var changed = self
        changed.real = newReal ?? real
        changed.effective = newEffective ?? effective
        changed.saved = newSaved ?? saved
        changed.fileSystem = changed.effective
        return changed
    }

    /// setfsuid(2) and setfsgid(2), which cannot fail: a number that may not be set is ignored.
    func settingFileSystem(_ number: UInt32, isPrivileged: Bool) -> Self {
        guard number != .max else { return self }
        guard isPrivileged || [real, effective, saved, fileSystem].contains(number) else { return self }
        var changed = self
        changed.fileSystem = number
        return changed
    }
}
