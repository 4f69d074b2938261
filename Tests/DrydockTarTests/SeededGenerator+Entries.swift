// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import DrydockTestSupport

extension SeededGenerator {
    /// A path of one of the shapes that decide how a header is written, without slash at the end.
    mutating func path() -> ByteString {
        let length = pick([1, 2, 31, 32, 33, 98, 99, 100, 101, 155, 255, 256, 300, 460, 500, 511, 990, 1000, 5000])
        let pieces: [[UInt8]] = [
            Array("a".utf8), Array("bin/".utf8), Array("\u{E9}".utf8), Array("\u{20AC}".utf8), Array("\u{1F600}".utf8),
            [0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF], [0x0A, 0x3D],
        ]
        let usable = pick([1, 2, 2, 5, 12])
        var bytes: [UInt8] = []
        while bytes.count < length { bytes += pieces[below(usable)] }
        bytes.removeLast(bytes.count - length)
        bytes[length - 1] = bytes[length - 1] == UInt8(ascii: "/") ? UInt8(ascii: "z") : bytes[length - 1]
        return ByteString(bytes)
    }

    mutating func kind() -> TarEntry.Kind {
        switch below(8) {
        case 0: .directory
        case 1: .symlink(target: path())
        case 2: .hardLink(target: path())
        case 3: .characterDevice(major: UInt32(below(2_097_152)), minor: UInt32(below(256)))
        case 4: .blockDevice(major: UInt32(below(4096)), minor: 2_097_151)
        case 5: .fifo
        default: .regular(size: pick([0, 1, 512, 8_589_934_591, 8_589_934_592, 1 << 40, TarFormat.highestSize]))
        }
    }

    mutating func entry() -> TarEntry {
        var entry = TarEntry(name: path(), kind: kind(), mode: UInt16(below(0o10000)))
        entry.uid = pick([0, 1000, 2_097_151, 2_097_152, .max])
        entry.gid = pick([0, 100, 2_097_151, 2_097_152, 4_294_967_294])
        entry.userName = pick(["", "root", "j\u{E9}r\u{F4}me", String(repeating: "u", count: 32)])
        entry.groupName = pick(["", "wheel", String(repeating: "g", count: 33)])
        entry.modificationTime = pick([0, 1, 315_532_800, 8_589_934_591, 8_589_934_592, -1, -62_135_596_800])
        return entry
    }
}
