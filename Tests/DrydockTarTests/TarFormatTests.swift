// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

@Suite struct TarFormatTests {
    private func header(of entry: TarEntry) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try TarFormat.appendHeader(of: entry, to: &bytes)
        return bytes
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `a plain file takes one block, field by field`() throws {
        var entry = TarEntry(name: "etc/motd", kind: .regular(size: 6), mode: 0o644)
        (entry.uid, entry.gid, entry.userName, entry.groupName) = (1000, 100, "ann", "users")
        entry.modificationTime = 1
        let bytes = try header(of: entry)
        let fields =
            padded("etc/motd", 100) + "0000644\u{0}0001750\u{0}0000144\u{0}00000000006\u{0}00000000001\u{0}"
            + "011210\u{0} 0" + padded("", 100) + "ustar\u{0}00" + padded("ann", 32) + padded("users", 32)
        #expect(text(bytes[..<329]) == fields)
        #expect(bytes[329...].allSatisfy { $0 == 0 })
        #expect(bytes.count == 512)
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: "\u{0}", count: width - text.utf8.count)
    }

    @Test func `a device has its numbers in octal`() throws {
        let bytes = try header(of: TarEntry(name: "dev/null", kind: .characterDevice(major: 1, minor: 3), mode: 0o666))
        #expect(text(bytes[329..<345]) == "0000001\u{0}0000003\u{0}")
        #expect(bytes[156] == UInt8(ascii: "3"))
    }

    @Test func `a directory's name gets one slash`() throws {
        for name in ["etc", "etc/"] as [ByteString] {
            let bytes = try header(of: TarEntry(name: name, kind: .directory, mode: 0o755))
            #expect(text(bytes[..<6]) == "etc/\u{0}\u{0}")
        }
    }

    @Test func `names that are not UTF-8 are declared binary and stand in for one question mark a byte`() throws {
        let bytes = try header(of: TarEntry(name: ByteString([0x61, 0xFF, 0xFE]), kind: .fifo, mode: 0))
        #expect(Array(bytes[512..<546]) == Array("21 hdrcharset=BINARY\n12 path=a".utf8) + [0xFF, 0xFE, 0x0A, 0])
        #expect(text(bytes[1024..<1028]) == "a??\u{0}")
        #expect(bytes.count == 1536)
    }

    @Test func `extended attributes follow the other records, by name and with their raw bytes`() throws {
        var entry = TarEntry(name: "caf\u{E9}", kind: .regular(size: 0), mode: 0o755)
        entry.extendedAttributes = [
            ExtendedAttribute(name: "user.b", value: []),
            ExtendedAttribute(name: "security.capability", value: [1, 0, 0, 2, 0xFF]),
        ]
        let records =
            Array("14 path=caf\u{E9}\n42 SCHILY.xattr.security.capability=".utf8) + [1, 0, 0, 2, 0xFF]
            + Array("\n24 SCHILY.xattr.user.b=\n".utf8)
        let bytes = try header(of: entry)
        #expect(Array(bytes[512..<512 + records.count]) == records)
        #expect(bytes[512 + records.count..<1024].allSatisfy { $0 == 0 })
        #expect(text(bytes[..<15]) == "././@PaxHeader\u{0}")
        #expect(text(bytes[124..<136]) == "00000000120\u{0}")
    }

    @Test(arguments: [(95, "99"), (96, "101"), (994, "999"), (995, "1001")])
    func `a record's length counts its own digits`(valueLength: Int, length: String) throws {
        var entry = TarEntry(name: "a", kind: .fifo, mode: 0)
        let keyword = "SCHILY.xattr."
        let value = [UInt8](repeating: 0x76, count: valueLength - keyword.utf8.count - 2)
        entry.extendedAttributes = [ExtendedAttribute(name: "n", value: value)]
        let bytes = try header(of: entry)
        #expect(text(bytes[512...].prefix { $0 != 0x20 }) == length)
        #expect(bytes[512 + (Int(length) ?? 0) - 1] == 0x0A)
    }

    @Test func `a header is appended to what is there`() throws {
        var bytes: [UInt8] = [1, 2, 3]
        try TarFormat.appendHeader(of: TarEntry(name: "a", kind: .fifo, mode: 0), to: &bytes)
        #expect(Array(bytes[..<4]) == [1, 2, 3, 0x61])
        #expect(bytes.count == 515)
    }

    @Test(arguments: [(0, 0), (1, 512), (512, 512), (513, 1024), (1 << 62, 1 << 62)] as [(Int64, Int64)])
    func `contents are padded to whole blocks`(size: Int64, padded: Int64) {
        #expect(TarFormat.paddedSize(size) == padded)
    }

    @Test(arguments: [(0, 10_240), (512, 9728), (9216, 1024), (9728, 10_752), (10_240, 10_240)] as [(Int64, Int)])
    func `an archive ends with two zero blocks on a multiple of 10,240 bytes`(count: Int64, size: Int) {
        #expect(TarFormat.trailerSize(afterBytes: count) == size)
        var trailer: [UInt8] = [7]
        TarFormat.appendTrailer(afterBytes: count, to: &trailer)
        #expect(trailer == [7] + [UInt8](repeating: 0, count: size))
    }
}
