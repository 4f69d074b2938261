// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockSandbox
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// What is known of files, and of which.
@Suite
struct OwnershipTableTests {
    private let table = OwnershipTable()

    private func file(_ inode: UInt64, birth: Int64) -> RecordedFile {
        RecordedFile(identity: FileStatus.Identity(device: 1, inode: inode), birth: birth)
    }

    @Test
    func `a file without a record is a plain file of root`() {
        #expect(table.record(of: file(1, birth: 5)) == OwnershipRecord())
        #expect(OwnershipRecord().isPlain)
        #expect(table.isEmpty)
    }

    @Test
    func `a record does not pass to the next file with the same number`() {
        table.set(OwnershipRecord(uid: 5), of: file(1, birth: 10), isDirectory: false)
        #expect(table.record(of: file(1, birth: 10)).uid == 5)
        #expect(table.record(of: file(1, birth: 11)).uid == 0)
        #expect(table.record(of: file(2, birth: 10)).uid == 0)
    }

    @Test
    func `a time of birth that nobody knows agrees with every other`() {
        table.set(OwnershipRecord(uid: 5), of: file(1, birth: 0), isDirectory: false)
        #expect(table.record(of: file(1, birth: 10)).uid == 5)
        table.set(OwnershipRecord(uid: 6), of: file(2, birth: 10), isDirectory: false)
        #expect(table.record(of: file(2, birth: 0)).uid == 6)
    }

    @Test
    func `a file that becomes root's again has no record`() {
        table.set(OwnershipRecord(uid: 5), of: file(1, birth: 10), isDirectory: false)
        table.set(OwnershipRecord(), of: file(1, birth: 10), isDirectory: false)
        #expect(table.isEmpty)
    }

    @Test
    func `groups of directories and attributes are noticed`() {
        table.set(OwnershipRecord(gid: 5), of: file(1, birth: 1), isDirectory: false)
        #expect(!table.hasGroupDirectories)
        table.set(OwnershipRecord(gid: 5), of: file(2, birth: 1), isDirectory: true)
        #expect(table.hasGroupDirectories)
        #expect(!table.hasAttributes)
        table.set(OwnershipRecord(attributes: ["trusted.x": "y"]), of: file(3, birth: 1), isDirectory: false)
        #expect(table.hasAttributes)
    }

    @Test
    func `a file of a layer below is found by its path`() async throws {
        try await withTemporaryDirectory { path in
            try Data().write(to: URL(fileURLWithPath: path + "/f"))
            let directory = try HostDirectory(path)
            try table.setRecord(OwnershipRecord(uid: 7, gid: 8), ofFileAt: "f", in: directory.number)
            #expect(try table.record(ofFileAt: "f", in: directory.number) == OwnershipRecord(uid: 7, gid: 8))
            #expect(throws: SystemError("read", "g", errorNumber: ENOENT)) {
                _ = try table.record(ofFileAt: "g", in: directory.number)
            }
        }
    }

    @Test
    func `a new owner takes capabilities away, but not from a directory`() {
        let record = OwnershipRecord(
            uid: 1,
            gid: 2,
            attributes: [EmulatedAttribute.capability: "x", "trusted.y": "z"]
        )
        let changed = record.changingOwner(uid: 5, gid: nil, isDirectory: false)
        #expect(changed == OwnershipRecord(uid: 5, gid: 2, attributes: ["trusted.y": "z"]))
        #expect(record.changingOwner(uid: nil, gid: 6, isDirectory: true).attributes == record.attributes)
    }

    @Test
    func `only values that the kernel would take are capabilities`() {
        func value(_ revision: UInt8, _ count: Int) -> ByteString {
            ByteString([0, 0, 0, revision] + [UInt8](repeating: 0, count: count - 4))
        }
        #expect(EmulatedAttribute.accepts(value(2, 20), as: EmulatedAttribute.capability))
        #expect(EmulatedAttribute.accepts(value(3, 24), as: EmulatedAttribute.capability))
        #expect(!EmulatedAttribute.accepts(value(2, 24), as: EmulatedAttribute.capability))
        #expect(!EmulatedAttribute.accepts("xx", as: EmulatedAttribute.capability))
        #expect(EmulatedAttribute.accepts("xx", as: "trusted.x"))
        #expect(!EmulatedAttribute.contains("user.x"))
        #expect(!EmulatedAttribute.contains("trusted"))
    }
}
