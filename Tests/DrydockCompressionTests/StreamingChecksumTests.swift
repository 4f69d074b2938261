// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import Testing

@Suite
struct StreamingChecksumTests {
    private func checksum(_ pieces: [[UInt8]]) -> Checksum {
        var checksum = StreamingChecksum()
        for piece in pieces { unsafe piece.withUnsafeBytes { unsafe checksum.update($0) } }
        return checksum.finish()
    }

    @Test
    func `the checksums are those that everyone knows`() {
        // The check values of CRC-32 and Adler-32 for the digits 1 to 9.
        let digits = Array("123456789".utf8)
        #expect(checksum([digits]).crc32 == 0xCBF4_3926)
        #expect(checksum([digits]).adler32 == 0x091E_01DE)
        #expect(checksum([digits]).bits == 0xCBF4_3926_091E_01DE)
        #expect(checksum([]) == Checksum(bits: 1))
    }

    @Test
    func `the sizes of the pieces make no difference`() {
        let bytes = SampleBytes.text(300_000, seed: 5)
        let whole = checksum([bytes])
        for size in [1, 7, 4_096, 65_537] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            #expect(checksum(pieces + [[]]) == whole)
        }
    }

    @Test
    func `every changed byte is noticed`() {
        var bytes = SampleBytes.random(2_000, seed: 6)
        let whole = checksum([bytes])
        for position in bytes.indices {
            bytes[position] ^= 0x10
            let changed = checksum([bytes])
            #expect(changed.crc32 != whole.crc32)
            #expect(changed.adler32 != whole.adler32)
            bytes[position] ^= 0x10
        }
    }
}
