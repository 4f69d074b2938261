// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockSandbox
import Glibc
import Testing

/// What the registers of a system call mean.
@Suite
struct EmulatedCallTests {
    private let workingDirectory = UInt64(bitPattern: Int64(AT_FDCWD))

    private func decode(_ call: drydock_call, _ arguments: UInt64...) -> EmulatedCall {
        EmulatedCall(call, registers: InlineArray { $0 < arguments.count ? arguments[$0] : 0 })
    }

    @Test
    func `old and new forms of chown mean the same`() {
        let path = CallPath(directory: AT_FDCWD, address: 64)
        let call = EmulatedCall.changeOwner(.path(path), uid: 5, gid: 6)
        #expect(decode(DRYDOCK_CALL_CHOWN, 64, 5, 6) == call)
        #expect(decode(DRYDOCK_CALL_FCHOWNAT, workingDirectory, 64, 5, 6, 0) == call)
        var link = path
        link.followsLinks = false
        let linkCall = EmulatedCall.changeOwner(.path(link), uid: 5, gid: 6)
        #expect(decode(DRYDOCK_CALL_LCHOWN, 64, 5, 6) == linkCall)
        #expect(decode(DRYDOCK_CALL_FCHOWNAT, workingDirectory, 64, 5, 6, 0x100) == linkCall)
    }

    @Test
    func `minus one leaves an owner as it is, also with garbage in the upper half`() {
        let call = EmulatedCall.changeOwner(.descriptor(3), uid: nil, gid: 7)
        #expect(decode(DRYDOCK_CALL_FCHOWN, 3, 0xffff_ffff, 7) == call)
        #expect(decode(DRYDOCK_CALL_FCHOWN, 0x1_0000_0003, .max, 0xabcd_0000_0007) == call)
    }

    @Test
    func `an empty path means the descriptor only when the flag says so`() {
        var path = CallPath(directory: 3, address: 64)
        #expect(decode(DRYDOCK_CALL_FSTATAT, 3, 64, 128, 0) == .status(.path(path), into: 128))
        path.allowsEmpty = true
        #expect(decode(DRYDOCK_CALL_FSTATAT, 3, 64, 128, 0x1000) == .status(.path(path), into: 128))
    }

    @Test
    func `flags that are not known leave the call to the kernel`() {
        #expect(decode(DRYDOCK_CALL_FCHOWNAT, 3, 64, 5, 6, 0x10_0000) == .unknown)
        #expect(decode(DRYDOCK_CALL_FSTATAT, 3, 64, 128, 0x10_0000) == .unknown)
        #expect(decode(DRYDOCK_CALL_STATX, 3, 64, 0x10_0000, 0xfff, 128) == .unknown)
    }

    @Test
    func `statx keeps its mask and the flags of synchronization`() {
        let path = CallPath(directory: 3, address: 64, followsLinks: false)
        let call = EmulatedCall.extendedStatus(.path(path), flags: 0x4000, mask: 0xfff, into: 128)
        #expect(decode(DRYDOCK_CALL_STATX, 3, 64, 0x4100 | 0x800, 0xfff, 128) == call)
    }

    @Test
    func `creat is an open that truncates`() {
        let flags = O_CREAT | O_WRONLY | O_TRUNC
        let call = EmulatedCall.create(.opened(flags: flags, mode: 0o600), at: CallPath(address: 64))
        #expect(decode(DRYDOCK_CALL_CREAT, 64, 0o600) == call)
        #expect(decode(DRYDOCK_CALL_OPENAT, workingDirectory, 64, UInt64(flags), 0o600) == call)
    }

    @Test
    func `a call of another processor kind is foreign`() {
        #expect(decode(DRYDOCK_CALL_FOREIGN, 1, 2, 3) == .foreign)
    }

    @Test(arguments: [
        (UInt64(0x103), UInt32(1), UInt32(3)), (0x0000_0811, 8, 0x11), (0x0010_082c, 8, 0x12c),
        (0xffff_ffff, 0xfff, 0xf_ffff),
    ])
    func `device numbers are read as the system call writes them`(number: UInt64, major: UInt32, minor: UInt32) throws {
        let device = try #require(OwnershipRecord.Device(mode: 0o020644, number: number))
        #expect(device == OwnershipRecord.Device(isBlock: false, major: major, minor: minor))
    }

    @Test
    func `only device types are devices`() {
        #expect(OwnershipRecord.Device(mode: 0o060600, number: 0x103)?.isBlock == true)
        #expect(OwnershipRecord.Device(mode: 0o010600, number: 0x103) == nil)
        #expect(OwnershipRecord.Device(mode: 0o600, number: 0x103) == nil)
    }
}
