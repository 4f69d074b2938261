// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import Testing

@Suite struct StreamingHashTests {
    @Test func `a known message has its known digest`() {
        // FIPS 180-4, example of one block.
        let expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect("\(Digest(of: Array("abc".utf8)))" == expected)
    }

    @Test(arguments: [1, 7, 63, 64, 65, 1_000])
    func `the digest does not depend on how the bytes are cut`(step: Int) {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hash = StreamingHash()
        for start in stride(from: 0, to: bytes.count, by: step) {
            hash.update(Array(bytes[start..<min(start + step, bytes.count)]))
        }
        #expect(hash.finish() == Digest(of: bytes))
        #expect(hash.byteCount == 10_000)
    }

    @Test func `more bytes may follow a digest`() {
        var hash = StreamingHash()
        hash.update(Array("a".utf8))
        #expect(hash.finish() == Digest(of: Array("a".utf8)))
        hash.update(Array("bc".utf8))
        #expect(hash.finish() == Digest(of: Array("abc".utf8)))
    }
}
