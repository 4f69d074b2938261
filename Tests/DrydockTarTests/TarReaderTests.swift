// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

/// The forms that GNU tar and Python do not write, and the rules between the headers.
@Suite struct TarReaderTests {
    private func only(_ build: (inout ArchiveBuilder) -> Void) throws -> TarMember {
        var builder = ArchiveBuilder()
        build(&builder)
        builder.addTrailer()
        var reader = TarReader(builder.bytes)
        let member = try #require(try reader.next())
        #expect(try reader.next() == nil)
        return member
    }

    @Test func `an empty source has no members`() throws {
        var reader = TarReader([])
        #expect(try reader.next() == nil)
    }

    @Test(arguments: [0, 1, 2, 20])
    func `an archive ends at zero blocks or where the source ends`(zeroBlocks: Int) throws {
        var builder = ArchiveBuilder()
        builder.add(type: "0")
        builder.addRaw([UInt8](repeating: 0, count: zeroBlocks * 512))
        var reader = TarReader(builder.bytes)
        #expect(try reader.members().map(\.entry.name) == ["a"])
    }

    @Test(arguments: [1, 300, 512, 812], [0, 1, 200, .max])
    func `the last content may end without its padding`(size: Int, kept: Int) throws {
        var builder = ArchiveBuilder()
        builder.add(type: "0")
        builder.add(type: "0", name: "b", content: [UInt8](repeating: 1, count: size))
        let padding = (512 - size % 512) % 512
        let bytes = Array(builder.bytes.dropLast(max(0, padding - kept)))
        for chunk in [7, .max] {
            var passing = TarReader(ArraySource(bytes, chunk: chunk))
            #expect(try passing.members().map(\.entry.name) == ["a", "b"])
            var reading = TarReader(ArraySource(bytes, chunk: chunk))
            _ = try reading.next()
            _ = try reading.next()
            #expect(try reading.content().count == size)
            #expect(try reading.next() == nil)
        }
    }

    @Test func `what comes after two zero blocks is not read`() throws {
        var builder = ArchiveBuilder()
        builder.add(type: "0")
        builder.addRaw([UInt8](repeating: 0, count: 1024))
        builder.add(type: "0", name: "b")
        var reader = TarReader(builder.bytes)
        #expect(try reader.members().map(\.entry.name) == ["a"])
    }

    @Test(arguments: ["0", "7", "\u{0}"] as [Character])
    func `these types are regular files, and directories with a slash`(type: Character) throws {
        #expect(try only { $0.add(type: type, content: [1]) }.entry.kind == .regular(size: 1))
        let directory = try only { $0.add(type: type, name: "d//") }.entry
        #expect(directory.kind == .directory)
        #expect(directory.name == "d")
    }

    @Test(arguments: [("d/", "d"), ("./", "."), ("/", "/"), ("//", "/"), ("/a/b/", "/a/b")] as [(String, ByteString)])
    func `a directory's name loses its slash and nothing else`(stored: String, name: ByteString) throws {
        #expect(try only { $0.add(type: "5", name: stored) }.entry.name == name)
    }

    @Test(arguments: ["../../etc/passwd", "/etc/passwd", "a//b/./c"] as [ByteString])
    func `names are not judged`(name: ByteString) throws {
        #expect(try only { $0.add(type: "0", name: name.description) }.entry.name == name)
    }

    @Test func `a prefix belongs to the name in POSIX archives alone`() throws {
        let posix = try only { $0.add(type: "0") { $0.put("some/prefix", at: 345) } }
        #expect(posix.entry.name == "some/prefix/a")
        let gnu = try only { builder in
            builder.add(type: "0") { header in
                header.put("ustar  \u{0}", at: 257)
                header.put("14000000000", at: 345)
            }
        }
        #expect(gnu.entry.name == "a")
    }

    @Test func `star's prefix ends before its times`() throws {
        let member = try only { builder in
            builder.add(type: "0") { header in
                header.put(String(repeating: "p", count: 131), at: 345)
                header.put("14000000000 14000000000 ", at: 476)
                header.put("tar\u{0}", at: 508)
            }
        }
        #expect(member.entry.name == ByteString(String(repeating: "p", count: 131) + "/a"))
    }

    @Test func `fields beyond the oldest format are not read without the magic word`() throws {
        let member = try only { builder in
            builder.add(type: "0") { header in
                header.put("\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}root", at: 257)
                header.put("prefix", at: 345)
            }
        }
        #expect(member.entry.userName.isEmpty)
        #expect(member.entry.name == "a")
    }

    @Test func `a checksum of signed bytes is accepted`() throws {
        var header = HeaderBytes(type: "0", name: "caf", size: 0)
        header.put([0xC3, 0xA9], at: 3)
        #expect(header.signed != header.signedAsSignedBytes)
        #expect(try only { $0.addRaw(header.signedAsSignedBytes) }.entry.name == "caf\u{E9}")
    }

    @Test func `numbers come with spaces, without digits, and in base 256`() throws {
        let entry = try only { builder in
            builder.add(type: "4") { header in
                header.put("100644 \u{0}", at: 100)
                header.put("  1750 \u{0}", at: 108)
                header.put([0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], at: 116)
                header.put([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE], at: 136)
                header.put("        ", at: 329)
                header.put("00000377", at: 337)
            }
        }.entry
        #expect(entry.mode == 0o644)
        #expect(entry.uid == 1000)
        #expect(entry.gid == 4_294_967_295)
        #expect(entry.modificationTime == -2)
        #expect(entry.kind == .blockDevice(major: 0, minor: 255))
    }

    @Test(arguments: ["1", "2", "3", "5", "6"] as [Character])
    func `a size of something without content is not believed`(type: Character) throws {
        let member = try only { builder in
            builder.add(type: type) { header in
                header.put("00000001000", at: 124)
                header.put("target", at: 157)
            }
        }
        #expect(member.storedSize == 0)
    }

    @Test func `records go before long names, and both before the header`() throws {
        let member = try only { builder in
            builder.add(type: "L", content: Array("long\u{0}".utf8))
            builder.add(type: "K", content: Array("link\u{0}".utf8))
            builder.addPax("path=pax", "uid=7", "gname=g", "mtime=-1.5", "comment=c", "hdrcharset=BINARY")
            builder.add(type: "2") { $0.put("header", at: 157) }
        }.entry
        #expect(member.name == "pax")
        #expect(member.kind == .symlink(target: "link"))
        #expect(member.uid == 7)
        #expect(member.groupName == "g")
        #expect(member.modificationTime == -2)
    }

    @Test func `a record's size goes before the header's`() throws {
        var builder = ArchiveBuilder()
        builder.addPax("size=3")
        builder.add(type: "0", content: [1, 2, 3]) { $0.put("00000000000", at: 124) }
        var reader = TarReader(builder.bytes)
        #expect(try reader.next()?.entry.kind == .regular(size: 3))
        #expect(try reader.content() == [1, 2, 3])
        #expect(try reader.next() == nil)
    }

    @Test func `global records hold until a local one, and an empty one withdraws them`() throws {
        var builder = ArchiveBuilder()
        builder.addPax("mtime=50", "uname=all", type: "g")
        builder.add(type: "0", name: "first")
        builder.addPax("uname=one")
        builder.add(type: "0", name: "second")
        builder.addPax("mtime=")
        builder.add(type: "0", name: "third")
        builder.addPax("uname=", type: "g")
        builder.add(type: "0", name: "fourth")
        var reader = TarReader(builder.bytes)
        let entries = try reader.members().map(\.entry)
        #expect(entries.map(\.modificationTime) == [50, 50, 1, 50])
        #expect(entries.map(\.userName) == ["all", "one", "all", ""])
    }

    @Test func `attributes have raw values, may be empty, and come by name`() throws {
        let entry = try only { builder in
            builder.addPax("SCHILY.xattr.user.b=1\n=\u{0}2", "SCHILY.xattr.user.a=", "SCHILY.xattr.user.a=")
            builder.add(type: "0")
        }.entry
        #expect(
            entry.extendedAttributes == [
                ExtendedAttribute(name: "user.a", value: []),
                ExtendedAttribute(name: "user.b", value: Array("1\n=\u{0}2".utf8)),
            ]
        )
    }

    @Test func `a sparse file in format 0.0 has its parts in records`() throws {
        let member = try only { builder in
            builder.addPax(
                "GNU.sparse.size=100",
                "GNU.sparse.numblocks=2",
                "GNU.sparse.offset=10",
                "GNU.sparse.numbytes=3",
                "GNU.sparse.offset=50",
                "GNU.sparse.numbytes=2"
            )
            builder.add(type: "0", content: [1, 2, 3, 4, 5])
        }
        #expect(member.entry.kind == .regular(size: 100))
        #expect(member.sparseMap == [SparseExtent(offset: 10, count: 3), SparseExtent(offset: 50, count: 2)])
        #expect(
            member.segments == [
                .zeros(count: 10), .stored(offset: 1536, count: 3), .zeros(count: 37),
                .stored(offset: 1539, count: 2), .zeros(count: 48),
            ]
        )
    }

    @Test func `segments of other members`() throws {
        #expect(try only { $0.add(type: "5") }.segments.isEmpty)
        #expect(try only { $0.add(type: "0") }.segments.isEmpty)
        #expect(try only { $0.add(type: "0", content: [1, 2]) }.segments == [.stored(offset: 512, count: 2)])
    }
}
