// SPDX-License-Identifier: Apache-2.0

extension RefusedArchive {
    private static let lie = "a record's length does not fit its content"

    private static func pax(_ name: String, _ failure: String, _ records: String, type: Character = "x") -> Self {
        Self(name, failure) {
            $0.add(type: type, name: "pax", content: Array(records.utf8))
            $0.add(type: "0")
        }
    }

    /// Records of PAX.
    static let records = [
        pax("a record that is too long", "512: \(lie)", "99 path=b\n"),
        pax("a record that is too short", "512: \(lie)", "8 path=b\n"),
        pax("a second record that lies", "522: \(lie)", "10 path=b\n12 path=c\n"),
        pax("a record without length", "512: \(lie)", " path=b\n"),
        pax("a record with a negative length", "512: \(lie)", "-10 path=b\n"),
        pax("a record with a length of 0", "512: \(lie)", "0 path=b\n"),
        pax("a length of 2^64", "512: \(lie)", "18446744073709551616 path=b\n"),
        pax("a length without space", "512: \(lie)", "5\npath=b\n"),
        pax("a record that is only a length", "512: \(lie)", "3 \n"),
        pax("a record without keyword", "512: \(lie)", "5 =b\n"),
        pax("a record without equals sign", "512: \(lie)", "9 pathb\n\n"),
        pax("records with zeros behind", "522: \(lie)", "10 path=b\n\u{0}\u{0}"),
        pax("an attribute without name", "512: \(lie)", "18 SCHILY.xattr.=\n"),
        pax("an attribute with NUL in its name", "512: \(lie)", "20 SCHILY.xattr.a\u{0}=\n"),
        pax("a path with NUL", "512: the record 'path' contains a NUL byte", "12 path=b\u{0}c\n"),
        pax("a user name with NUL", "512: the record 'uname' contains a NUL byte", "11 uname=\u{0}\n"),
        pax("a size in words", "512: the size 'b' is not a number", "10 size=b\n"),
        pax("a size over 2^62", "512: the size is out of range", "28 size=4611686018427387905\n"),
        pax("a size over 2^63", "512: the size '9223372036854775808' is not a number", "28 size=9223372036854775808\n"),
        pax("a uid over 2^32", "512: the uid is out of range", "18 uid=4294967296\n"),
        pax("a negative gid", "512: the gid '-1' is not a number", "10 gid=-1\n"),
        pax("a time in words", "512: the mtime '1.x' is not a number", "13 mtime=1.x\n"),
        pax("a time without seconds", "512: the mtime '.5' is not a number", "12 mtime=.5\n"),
        pax("a path for all members", "512: the record 'path' cannot hold for all members", "10 path=b\n", type: "g"),
        pax(
            "an attribute for all members",
            "512: the record 'SCHILY.xattr.a' cannot hold for all members",
            "19 SCHILY.xattr.a=\n",
            type: "g"
        ),
        Self("records over the limit", "0: the records of a member take 2001 bytes, the limit is 2000") {
            $0.add(type: "x", content: [UInt8](repeating: 0x61, count: 2001))
        },
        Self(
            "records that state 2^60 bytes",
            "0: the records of a member take 1152921504606846976 bytes, the limit is 2000"
        ) {
            $0.add(type: "g") { $0.put([0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0], at: 124) }
        },
        Self("two headers of records", "1024: two headers of type 'x' describe one member") {
            $0.addPax("path=b")
            $0.addPax("path=c")
            $0.add(type: "0")
        },
    ]

    private static let noList = "the map of a sparse file is not a list of offsets and lengths"
    private static let unsorted = "the parts of a sparse file overlap or are not in order"

    private static func map(_ name: String, _ failure: String, _ records: String..., stored: Int = 10) -> Self {
        Self(name, failure) { archive in
            archive.addPaxRecords(records)
            archive.add(type: "0", content: [UInt8](repeating: 1, count: stored))
        }
    }

    private static func mapInContent(_ name: String, _ failure: String, _ map: String, blocks: Int = 1) -> Self {
        Self(name, failure) {
            $0.addPax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=100")
            let content = Array(map.utf8)
            $0.add(type: "0", content: content + [UInt8](repeating: 0, count: max(0, 512 * blocks - content.count)))
        }
    }

    /// An old GNU sparse member with offsets and lengths in its header, of 100 bytes.
    private static func old(_ name: String, _ failure: String, _ numbers: String..., extended: Bool = false) -> Self {
        Self(name, failure) {
            $0.add(type: "S", content: [UInt8](repeating: 1, count: 10)) { header in
                header.put("ustar  \u{0}", at: 257)
                for (index, number) in numbers.enumerated() { header.put(number, at: 386 + 12 * index) }
                header.put("00000000144", at: 483)
                if extended { header.put([1], at: 482) }
            }
        }
    }

    /// Maps of sparse files.
    static let sparse = [
        map("a map that is not in order", "512: \(unsorted)", "GNU.sparse.size=100", "GNU.sparse.map=50,5,0,5"),
        map("a map that overlaps", "512: \(unsorted)", "GNU.sparse.size=100", "GNU.sparse.map=0,6,5,4"),
        map(
            "a map beyond the end",
            "512: a part of a sparse file is beyond its end at 100 bytes",
            "GNU.sparse.size=100",
            "GNU.sparse.map=91,10"
        ),
        map(
            "a map for fewer bytes",
            "512: the parts of a sparse file do not match what is stored: expected 9 bytes, got 10",
            "GNU.sparse.size=100",
            "GNU.sparse.map=0,9"
        ),
        map(
            "a map with numbers beyond 2^62",
            "512: the sparse map is out of range",
            "GNU.sparse.map=1,4611686018427387904"
        ),
        map("half a pair", "535: \(noList)", "GNU.sparse.size=100", "GNU.sparse.map=0,5,7"),
        map("a map in words", "512: \(noList)", "GNU.sparse.map=a,b"),
        map("an empty map", "512: \(noList)", "GNU.sparse.map="),
        map("a map without size", "512: \(noList)", "GNU.sparse.map=0,10"),
        map("two offsets", "535: \(noList)", "GNU.sparse.offset=1", "GNU.sparse.offset=2"),
        map("a length without offset", "512: \(noList)", "GNU.sparse.numbytes=1"),
        map("an offset without length", "512: \(noList)", "GNU.sparse.size=100", "GNU.sparse.offset=1"),
        map(
            "too many parts",
            "512: a sparse file has more parts than the limit of 4",
            "GNU.sparse.map=0,1,1,1,2,1,3,1,4,1"
        ),
        map(
            "an unknown format",
            "512: the sparse format '2.0' is unknown",
            "GNU.sparse.major=2",
            "GNU.sparse.minor=0",
            "GNU.sparse.size=100"
        ),
        mapInContent("a map in the content in words", "1536: \(noList)", "one\n"),
        mapInContent("a map in the content that zeros end", "1536: \(noList)", "2\n0\n1\n"),
        mapInContent("a map in the content without end", "1024: \(noList)", "2\n0\n1\n", blocks: 0),
        mapInContent("a map in the content with a long number", "1536: \(noList)", "00000000000000000001\n"),
        mapInContent("a map in the content that overlaps", "1536: \(unsorted)", "2\n0\n5\n4\n1\n"),
        mapInContent(
            "a map in the content for more bytes",
            "1536: the parts of a sparse file do not match what is stored: expected 5 bytes, got 0",
            "1\n0\n5\n"
        ),
        old("an old map that overlaps", "0: \(unsorted)", "00000000000", "00000000005", "00000000004", "00000000005"),
        old("an old map in words", "0: \(noList)", "zero", "00000000005"),
        old(
            "an old map beyond the end",
            "0: a part of a sparse file is beyond its end at 100 bytes",
            "00000000133",
            "00000000012"
        ),
        old(
            "an old map that goes on nowhere",
            "0: the parts of a sparse file do not match what is stored: expected 0 bytes, got 10",
            extended: true
        ),
    ]
}
