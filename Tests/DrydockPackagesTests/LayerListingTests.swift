// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Foundation
import Testing

/// Lists of what layers hold, as they are kept.
@Suite
struct LayerListingTests {
    /// A tar with members of every kind, and what is known of it.
    private func withArchive(_ body: (LayerArchive, String) throws -> Void) async throws {
        let script = """
            import io, tarfile
            with tarfile.open('layer.tar', 'w', format=tarfile.PAX_FORMAT) as archive:
                def add(name, type, data=b'', **fields):
                    member = tarfile.TarInfo(name)
                    member.type, member.size, member.mode = type, len(data), 0o1751
                    for key, value in fields.items(): setattr(member, key, value)
                    archive.addfile(member, io.BytesIO(data))
                add('d', tarfile.DIRTYPE, uid=1000, gid=2 ** 31, uname='user', gname='group', mtime=-5)
                add('d/f', tarfile.REGTYPE, b'x' * 700, pax_headers={'SCHILY.xattr.user.a': 'b'}, mtime=2 ** 40)
                add('d/empty', tarfile.REGTYPE)
                add('h', tarfile.LNKTYPE, linkname='d/f')
                add('l', tarfile.SYMTYPE, linkname='ü' * 90)
                add('c', tarfile.CHRTYPE, devmajor=1, devminor=3)
                add('b', tarfile.BLKTYPE, devmajor=7, devminor=2 ** 20)
                add('p', tarfile.FIFOTYPE)
                add('hole', tarfile.REGTYPE, b'1\\n0\\n5\\n'.ljust(512, b'\\0') + b'begin', pax_headers={
                    'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 's', 'GNU.sparse.realsize': '900'})
            """
        try await withTemporaryDirectory { directory in
            try await Command.check(["python3", "-c", script], in: directory)
            let path = directory + "/layer.tar"
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            let place = LayerArchive.Place.file(path: path, offset: 0)
            let archive = try unsafe LayerArchive(named: "layer", in: place) { buffer in
                let data = try handle.read(upToCount: buffer.count) ?? Data()
                unsafe buffer.copyBytes(from: data)
                return data.count
            }
            try body(archive, path)
        }
    }

    @Test(.requires("python3")) func `a list that was kept has the same members with the same contents`() async throws {
        try await withArchive { archive, path in
            let listing = LayerListing(archive)
            let kept = try #require(LayerListing(listing.bytes))
            #expect(kept == listing)
            #expect(kept.size == archive.size)
            #expect(archive.members.count == 9)
            let members = kept.members(named: "layer") { try ArchiveBytes(opening: path, offset: 0, size: kept.size) }
            #expect(members.map(\.entry) == archive.members.map(\.entry))
            for (member, original) in zip(members, archive.members) {
                #expect(try member.content.map(bytes) == original.content.map(bytes))
            }
            #expect(try members.last?.content.map(bytes)?.prefix(6) == Array("begin\0".utf8)[...])
        }
    }

    @Test(.requires("python3")) func `the tar is opened when a content is wanted, and not before`() async throws {
        struct Opened: Error {}
        try await withArchive { archive, _ in
            let members = LayerListing(archive).members(named: "layer") { throw Opened() }
            #expect(members.map(\.entry.name) == ["d", "d/f", "d/empty", "h", "l", "c", "b", "p", "s"])
            let content = try #require(members[1].content)
            #expect(content.size == 700)
            #expect(throws: Opened.self) { try bytes(content) }
        }
    }

    @Test(.requires("python3")) func `a list that is cut off or leads out of the tar is none`() async throws {
        try await withArchive { archive, _ in
            let bytes = LayerListing(archive).bytes
            for count in 0..<bytes.count { #expect(LayerListing(Array(bytes[..<count])) == nil, "\(count)") }
            #expect(LayerListing(bytes + [0]) == nil)
            // The size of the tar is smaller than the places of contents.
            var small = bytes
            small.replaceSubrange(8..<16, with: [1, 1, 0, 0, 0, 0, 0, 0])
            #expect(LayerListing(small) == nil)
            var generator = SeededGenerator(seed: 4)
            for _ in 0..<2_000 {
                var damaged = bytes
                damaged[generator.below(bytes.count)] = UInt8(generator.below(256))
                _ = LayerListing(damaged)
            }
        }
    }

    private func bytes(_ content: FileContent) throws -> [UInt8] {
        let reader = ContentReader()
        try reader.open(content)
        var bytes: [UInt8] = []
        let buffer = AlignedBuffer(capacity: 4096)
        while reader.remaining > 0 {
            buffer.count = try unsafe reader.read(into: buffer.storage)
            unsafe bytes.append(contentsOf: buffer.bytes)
        }
        try reader.finish()
        return bytes
    }
}
