// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import DrydockTestSupport
import Testing

/// Archives with random damage: the reader ends, soon, with members or with its own error.
@Suite struct TarReaderMutationTests {
    private static let limits = TarLimits(
        extendedHeaderSize: 4096,
        nameLength: 1000,
        memberCount: 100,
        sparseExtentCount: 50
    )

    /// Archives with every kind of header that the reader knows.
    private func seeds() throws -> [[UInt8]] {
        var pax = ArchiveBuilder()
        pax.addPax("mtime=5.5", type: "g")
        pax.addPax("path=long", "size=600", "SCHILY.xattr.user.a=b", "uid=7")
        pax.add(type: "0", content: [UInt8](repeating: 7, count: 600))
        pax.addPax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=100", "GNU.sparse.name=s")
        let map = Array("2\n0\n5\n50\n5\n".utf8)
        pax.add(type: "0", content: map + [UInt8](repeating: 0, count: 512 - map.count + 10))
        pax.addPax("GNU.sparse.size=100", "GNU.sparse.map=10,5,100,0")
        pax.add(type: "0", content: [1, 2, 3, 4, 5])
        pax.addTrailer()
        var gnu = ArchiveBuilder()
        gnu.add(type: "L", content: [UInt8](repeating: 0x61, count: 200) + [0])
        gnu.add(type: "K", content: [UInt8](repeating: 0x62, count: 200) + [0])
        gnu.add(type: "2")
        gnu.add(type: "S", content: [1, 2]) { header in
            header.put("000000000000000000000002", at: 386)
            header.put([1], at: 482)
            header.put("00000000144", at: 483)
        }
        gnu.add(type: "D", name: "d/", content: [1])
        gnu.add(type: "1") { $0.put("target", at: 157) }
        gnu.add(type: "3") { $0.put("0000001\u{0}0000003", at: 329) }
        return [pax.bytes, gnu.bytes]
    }

    @Test(arguments: 0..<8)
    func `a damaged archive is read to an end`(part: UInt64) throws {
        var generator = SeededGenerator(seed: part)
        let seeds = try seeds()
        for _ in 0..<500 {
            let archive = mutated(generator.pick(seeds), &generator)
            var reader = TarReader(ArraySource(archive, chunk: 700), limits: Self.limits)
            var steps = 0
            do {
                while let member = try reader.next() {
                    steps += 1
                    try #require(steps <= archive.count / 512)
                    check(member)
                    if generator.below(2) == 0, member.storedSize < 10_000 {
                        #expect(try reader.content().count == Int(member.storedSize))
                    }
                }
            } catch let failure as TarReadingFailure {
                #expect((0...Int64(archive.count)).contains(failure.offset))
                #expect(failure.description.hasPrefix("Cannot read the tar archive at byte "))
            }
        }
    }

    /// What holds for every member, however it came about.
    private func check(_ member: TarMember) {
        #expect(!member.entry.name.isEmpty)
        #expect(member.entry.name.count <= Self.limits.nameLength)
        #expect(member.storedSize >= 0)
        guard case .regular(let size) = member.entry.kind else { return }
        var (whole, stored) = (Int64(0), Int64(0))
        for segment in member.segments {
            switch segment {
            case .stored(_, let count): (whole, stored) = (whole + count, stored + count)
            case .zeros(let count): whole += count
            }
        }
        #expect(whole == size)
        #expect(stored == member.storedSize)
    }

    private func mutated(_ seed: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        for _ in 0...generator.below(4) {
            let block = 512 * generator.below(bytes.count / 512)
            switch generator.below(6) {
            case 0: bytes.removeLast(generator.below(bytes.count / 2))
            case 1: bytes.removeSubrange(block..<block + 512)
            case 2: bytes.insert(contentsOf: bytes[block..<block + 512], at: 512 * generator.below(bytes.count / 512))
            default: bytes[block + generator.below(512)] = generator.pick([0, 0x20, 0x30, 0x37, 0x39, 0x80, 0xFF])
            }
            if bytes.count < 1024 { return bytes }
        }
        return generator.below(4) == 0 ? bytes : signed(bytes)
    }

    /// Makes the checksums right again, so that the damage gets past them.
    private func signed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for start in stride(from: 0, to: bytes.count - 511, by: 512) {
            let block = Array(bytes[start..<start + 512])
            guard block[257..<262].elementsEqual("ustar".utf8) else { continue }
            bytes.replaceSubrange(start..<start + 512, with: HeaderBytes.signed(block))
        }
        return bytes
    }
}
