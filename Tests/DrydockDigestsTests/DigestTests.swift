// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import Testing

@Suite struct DigestTests {
    /// The digest of no bytes, as FIPS 180-4 implementations agree on it.
    private let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func `a digest is read and written in one form`() throws {
        let digest = try Digest(empty)
        #expect(digest.description == empty)
        #expect(digest.algorithm == "sha256")
        #expect(digest.encoded == String(empty.dropFirst("sha256:".count)))
        #expect(digest.bytes.prefix(4) == [0xE3, 0xB0, 0xC4, 0x42])
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(digest == Digest(of: []))
    }

    @Test func `only thirty-two bytes make a digest`() {
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test(arguments: BadDigest.all)
    func `a text that is no digest is refused`(bad: BadDigest) {
        #expect(throws: bad.failure) { _ = try Digest(bad.text) }
        #expect(bad.failure.description == bad.message)
    }

    struct BadDigest: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let failure: Digest.ParsingFailure
        let message: String

        private static func malformed(_ name: String, _ text: String) -> BadDigest {
            BadDigest(
                testDescription: name,
                text: text,
                failure: .malformed(text),
                message: "'\(text)' is not a digest: expected 'sha256:' and 64 hexadecimal digits"
            )
        }

        private static func digits(_ name: String, _ text: String) -> BadDigest {
            BadDigest(
                testDescription: name,
                text: text,
                failure: .malformedEncoding(text),
                message: "Digest '\(text)' does not have 64 lower-case hexadecimal digits after 'sha256:'"
            )
        }

        static let all = [
            malformed("no text", ""),
            malformed("no algorithm", ":" + String(repeating: "0", count: 64)),
            malformed("no digits", "sha256:"),
            malformed("no colon", String(repeating: "0", count: 64)),
            digits("one digit too few", "sha256:" + String(repeating: "0", count: 63)),
            digits("one digit too many", "sha256:" + String(repeating: "0", count: 65)),
            digits("an upper-case digit", "sha256:" + String(repeating: "0", count: 63) + "A"),
            digits("a letter that is no digit", "sha256:" + String(repeating: "0", count: 63) + "g"),
            digits("a second colon", "sha256::" + String(repeating: "0", count: 63)),
            BadDigest(
                testDescription: "another algorithm",
                text: "sha512:00",
                failure: .unsupportedAlgorithm("sha512:00"),
                message: "Digest 'sha512:00' uses an algorithm other than sha256"
            ),
        ]
    }
}
