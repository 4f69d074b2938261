// SPDX-License-Identifier: Apache-2.0

extension RefusedArchive {
    private static let incomplete = "\nhint: the file is probably incomplete: get it again"

    /// Blocks and fields of headers.
    static let blocks = [
        Self("a header cut off", "512: it ends within a block, expected 512 bytes, got 511\(incomplete)", cut: 1) {
            $0.add(type: "0")
            $0.add(type: "0")
        },
        Self("a content cut off", "0: it ends within the content of 'a'\(incomplete)", cut: 25) {
            $0.add(type: "0", content: [UInt8](repeating: 1, count: 1000))
        },
        Self("no content at all", "512: it ends within the content of 'b'\(incomplete)", cut: 1536) {
            $0.add(type: "0")
            $0.add(type: "0", name: "b", content: [UInt8](repeating: 1, count: 1500))
        },
        Self("content of 2^62 bytes", "0: it ends within the content of 'a'\(incomplete)") {
            $0.add(type: "0") { $0.put([0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], at: 124) }
        },
        Self("something else", "0: this is not a header, or it is damaged: expected the checksum 25456, got 0") {
            $0.addRaw([UInt8](repeating: 50, count: 148) + [0])
            $0.addRaw([UInt8](repeating: 50, count: 363))
        },
        Self("a changed byte", "0: this is not a header, or it is damaged: expected the checksum 3136, got 3135") {
            var header = HeaderBytes(type: "0", name: "a", size: 0).signed
            header[0] += 1
            $0.addRaw(header)
        },
        Self("a checksum in words", #"0: the checksum 'hello, w' is not a number"#) {
            var header = HeaderBytes(type: "0", name: "a", size: 0).signed
            header.replaceSubrange(148..<156, with: Array("hello, w".utf8))
            $0.addRaw(header)
        },
        Self("a mode in words", #"0: the mode 'rw-r--r-' is not a number"#) {
            $0.add(type: "0") { $0.put("rw-r--r-", at: 100) }
        },
        Self("a decimal size", #"0: the size '00000000900\x00' is not a number"#) {
            $0.add(type: "0") { $0.put("00000000900", at: 124) }
        },
        Self("a number in two parts", #"0: the uid '00 0001\x00' is not a number"#) {
            $0.add(type: "0") { $0.put("00 0001", at: 108) }
        },
        Self("a negative size", "0: the size is out of range") {
            $0.add(type: "0") { $0.put([UInt8](repeating: 0xFF, count: 12), at: 124) }
        },
        Self("a size over 2^62", "0: the size is out of range") {
            $0.add(type: "0") { $0.put([0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 1], at: 124) }
        },
        Self("a size over 2^64", #"0: the size '\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' is not a number"#) {
            $0.add(type: "0") { $0.put([0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], at: 124) }
        },
        Self("a uid over 2^32", "0: the uid is out of range") {
            $0.add(type: "0") { $0.put([0x80, 0, 0, 1, 0, 0, 0, 0], at: 108) }
        },
        Self("a negative gid", "0: the gid is out of range") {
            $0.add(type: "0") { $0.put([UInt8](repeating: 0xFF, count: 8), at: 116) }
        },
        Self("a device number in words", #"0: the major device number 'zero\x00\x00\x00\x00' is not a number"#) {
            $0.add(type: "3") { $0.put("zero", at: 329) }
        },
        Self(
            "one block of zeros",
            "0: a single block of zeros, which ends an archive only in pairs, is followed by other bytes"
        ) {
            $0.addRaw([UInt8](repeating: 0, count: 512))
            $0.add(type: "0")
        },
        Self("an unknown type", "0: a member is of the unknown type 'M'") { $0.add(type: "M") },
        Self("an unknown type that is no letter", #"0: a member is of the unknown type '\x01'"#) {
            $0.add(type: "\u{1}")
        },
        Self("too many members", "1536: it has more members than the limit of 3") {
            for _ in 0..<4 { $0.add(type: "0") }
        },
    ]

    /// Names, and the headers that hold them.
    static let names = [
        Self("no name", "0: a member's name is empty") { $0.add(type: "0", name: "") },
        Self("no target", "0: the target of the link 'a' is empty") { $0.add(type: "2") },
        Self("no hard link's target", "0: the target of the link 'a' is empty") { $0.add(type: "1") },
        Self("a slash and a content", "0: the directory 'd/' has a content of 1 bytes") {
            $0.add(type: "0", name: "d/", content: [1])
        },
        Self("a long name over the limit", "0: a name is longer than the limit of 600 bytes") {
            $0.add(type: "L", content: [UInt8](repeating: 0x61, count: 602))
        },
        Self("a long link just over the limit", "0: a name is longer than the limit of 600 bytes") {
            $0.add(type: "K", content: [UInt8](repeating: 0x61, count: 601))
        },
        Self("a path over the limit", "512: a name is longer than the limit of 600 bytes") {
            $0.addPax("path=" + String(repeating: "a", count: 601))
        },
        Self("a long name cut off", "0: it ends within the content of '././@LongLink'\(incomplete)", cut: 600) {
            $0.add(type: "L", name: "././@LongLink", content: [UInt8](repeating: 0x61, count: 300))
            $0.add(type: "0")
        },
        Self("two long names", "1024: two headers of type 'L' describe one member") {
            $0.add(type: "L", content: [0x61])
            $0.add(type: "L", content: [0x62])
            $0.add(type: "0")
        },
        Self("a long name at the end", "0: it ends after a header that describes the next member\(incomplete)") {
            $0.add(type: "L", content: [0x61])
            $0.addTrailer()
        },
        Self("records at the end", "0: it ends after a header that describes the next member\(incomplete)") {
            $0.addPax("path=b")
        },
    ]
}
