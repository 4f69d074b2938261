// SPDX-License-Identifier: Apache-2.0

import DrydockSandbox
import Glibc
import Testing

/// The rules of credentials(7), as each call's manual page states them.
@Suite
struct CredentialsTests {
    private func numbers(_ real: UInt32, _ effective: UInt32, _ saved: UInt32, _ fileSystem: UInt32)
        -> Credentials.Numbers
    {
        var numbers = Credentials.Numbers(real)
        numbers.effective = effective
        numbers.saved = saved
        numbers.fileSystem = fileSystem
        return numbers
    }

    @Test
    func `setuid by root sets all numbers for good`() throws {
        let changed = try numbers(0, 0, 0, 0).changed(by: .all(999), isPrivileged: true)
        #expect(changed == numbers(999, 999, 999, 999))
        #expect(throws: CallFailure(EPERM)) { try changed.changed(by: .all(0), isPrivileged: false) }
    }

    @Test
    func `setuid by others takes up the real or the saved number again`() throws {
        let before = numbers(5, 7, 6, 7)
        #expect(try before.changed(by: .all(5), isPrivileged: false) == numbers(5, 5, 6, 5))
        #expect(try before.changed(by: .all(6), isPrivileged: false) == numbers(5, 6, 6, 6))
        #expect(throws: CallFailure(EPERM)) { try before.changed(by: .all(8), isPrivileged: false) }
        #expect(throws: CallFailure(EINVAL)) { try before.changed(by: .all(.max), isPrivileged: true) }
    }

    @Test
    func `setreuid saves the effective number when the real one is set or the effective one becomes another`() throws {
        let root = numbers(0, 0, 0, 0)
        #expect(try root.changed(by: .realEffective(5, nil), isPrivileged: true) == numbers(5, 0, 0, 0))
        #expect(try root.changed(by: .realEffective(nil, 5), isPrivileged: true) == numbers(0, 5, 5, 5))
        #expect(try root.changed(by: .realEffective(nil, nil), isPrivileged: false) == root)
        let other = numbers(5, 6, 7, 6)
        #expect(try other.changed(by: .realEffective(nil, 5), isPrivileged: false) == numbers(5, 5, 7, 5))
        #expect(throws: CallFailure(EPERM)) { try other.changed(by: .realEffective(7, nil), isPrivileged: false) }
    }

    @Test
    func `setresuid lets others choose only among their numbers`() throws {
        let root = numbers(0, 0, 0, 0)
        let dropped = try root.changed(by: .realEffectiveSaved(nil, 33, nil), isPrivileged: true)
        #expect(dropped == numbers(0, 33, 0, 33))
        #expect(try dropped.changed(by: .realEffectiveSaved(nil, 0, nil), isPrivileged: false) == root)
        let gone = try root.changed(by: .realEffectiveSaved(33, 33, 33), isPrivileged: true)
        #expect(throws: CallFailure(EPERM)) {
            try gone.changed(by: .realEffectiveSaved(nil, 0, nil), isPrivileged: false)
        }
    }

    @Test
    func `setfsuid never fails and ignores what may not be`() throws {
        let user = numbers(5, 6, 7, 6)
        #expect(try user.changed(by: .fileSystem(7), isPrivileged: false).fileSystem == 7)
        #expect(try user.changed(by: .fileSystem(8), isPrivileged: false) == user)
        #expect(try user.changed(by: .fileSystem(.max), isPrivileged: true) == user)
        #expect(try user.changed(by: .fileSystem(8), isPrivileged: true) == numbers(5, 6, 7, 8))
    }

    @Test
    func `only root gives files away, and an owner changes the group to one of its own`() {
        #expect(Credentials.root.mayChange(uid: 1, gid: 1, toUser: 2, toGroup: 2))
        let user = Credentials(uid: 1000, gid: 100, groups: [50])
        #expect(!user.mayChange(uid: 1000, gid: 100, toUser: 0, toGroup: nil))
        #expect(!user.mayChange(uid: 0, gid: 0, toUser: nil, toGroup: 100))
        #expect(user.mayChange(uid: 1000, gid: 100, toUser: 1000, toGroup: 50))
        #expect(user.mayChange(uid: 1000, gid: 7, toUser: nil, toGroup: 7))
        #expect(!user.mayChange(uid: 1000, gid: 100, toUser: nil, toGroup: 51))
    }

    @Test
    func `capabilities end with the last of root's numbers, unless they are kept`() throws {
        let gone = try Credentials.root.changingUser(by: .realEffectiveSaved(5, 5, 5))
        #expect(gone.effective.isEmpty && gone.permitted.isEmpty)
        let kept = try Credentials.root.keepingCapabilities(true).changingUser(by: .realEffectiveSaved(5, 5, 5))
        #expect(kept.effective.isEmpty && kept.permitted == .all)
        #expect(throws: CallFailure(EPERM)) { try kept.changingGroup(by: .all(5)) }
        let raised = kept.settingCapabilities(effective: [.setGroup], permitted: .all)
        #expect(try raised.changingGroup(by: .all(5)).group == Credentials.Numbers(5))
        #expect(raised.executing().permitted.isEmpty)
    }

    @Test
    func `a saved number of root's brings capabilities back`() throws {
        let lowered = try Credentials.root.changingUser(by: .realEffectiveSaved(nil, 5, nil))
        #expect(!lowered.has(.changeOwners))
        #expect(try lowered.changingUser(by: .realEffectiveSaved(nil, 0, nil)) == .root)
    }

    @Test
    func `nothing is gained by asking for it`() {
        let user = Credentials(uid: 5, gid: 5)
        #expect(user.settingCapabilities(effective: .all, permitted: .all).effective.isEmpty)
        #expect(throws: CallFailure(EPERM)) { try user.changingGroups(to: [1]) }
    }
}
