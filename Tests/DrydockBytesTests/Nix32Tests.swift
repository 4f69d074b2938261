// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Testing

@Suite struct Nix32Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let hex: String
        let text: String

        var testDescription: String { "\(hex.count / 2) bytes" }
    }

    /// What `nix-hash --to-base32` says of the MD5, SHA-1 and SHA-256 of nothing, and of the SHA-256 of `hello`.
    static let vectors = [
        Vector(hex: "", text: ""),
        Vector(hex: "00", text: "00"),
        Vector(hex: "ff", text: "7z"),
        Vector(hex: "d41d8cd98f00b204e9800998ecf8427e", text: "3y8bwfr609h3lh9ch0izcqq7fl"),
        Vector(hex: "da39a3ee5e6b4b0d3255bfef95601890afd80709", text: "143xibwh31h9bvxzalr0sjvbbvpa6ffs"),
        Vector(
            hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            text: "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"
        ),
        Vector(
            hex: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            text: "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"
        ),
    ]

    @Test(arguments: vectors) func `bytes become the digits that Nix writes`(vector: Vector) throws {
        let bytes = try #require(Hex.decode(vector.hex.utf8))
        #expect(Nix32.encode(bytes) == vector.text)
        #expect(Nix32.decode(vector.text.utf8) == bytes)
        #expect(Nix32.encodedLength(bytes.count) == vector.text.utf8.count)
    }

    @Test func `every number of bytes goes there and back`() {
        for count in 0..<64 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            #expect(Nix32.decode(Nix32.encode(bytes).utf8) == bytes)
        }
    }

    @Test(
        arguments: [
            // One digit too few and one too many.
            "0", "000", "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c7", "000000",
            // No digits.
            "0e", "0o", "0t", "0u", "0A", "0-", "0\u{E9}", "e0",
            // Bits that belong to no byte.
            "80", "zz", "2mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
        ]
    )
    func `what no bytes have as their digits is refused`(text: String) {
        #expect(Nix32.decode(text.utf8) == nil)
    }

    @Test func `there are 32 digits`() {
        let digits = (0...255).filter { Nix32.isDigit(UInt8($0)) }.map { UInt8($0) }
        #expect(digits == Array("0123456789abcdfghijklmnpqrsvwxyz".utf8))
    }
}
