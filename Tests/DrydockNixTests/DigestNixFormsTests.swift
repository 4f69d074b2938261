// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import Testing

@Suite struct DigestNixFormsTests {
    private static let hello = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    private static let helloNix32 = "sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"

    @Test(arguments: [hello, helloNix32, "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="])
    func `each of Nix's forms is read`(text: String) throws {
        let digest = try Digest(nix: text)
        #expect(digest.description == Self.hello)
        #expect(digest.nix32Form == Self.helloNix32)
    }

    @Test(arguments: ["", "sha256", ":abc", "-abc", "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"])
    func `a text without an algorithm is refused`(text: String) {
        #expect(throws: Digest.NixFormFailure.malformed(text)) { try Digest(nix: text) }
    }

    @Test(arguments: ["md5:3y8bwfr609h3lh9ch0izcqq7fl", "sha512-abc", "SHA256:x", "fixed:sha256:x"])
    func `other algorithms are refused`(text: String) {
        #expect(throws: Digest.NixFormFailure.unsupportedAlgorithm(text)) { try Digest(nix: text) }
    }

    @Test(
        arguments: [
            "sha256:", "sha256-", "sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwi",
            "sha256:z94qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic",
            hello.uppercased().replacing("SHA", with: "sha"),
            "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ", "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOL",
            "sha256:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        ]
    )
    func `what is not 32 bytes is refused`(text: String) {
        #expect(throws: Digest.NixFormFailure.malformedEncoding(text)) { try Digest(nix: text) }
    }

    @Test func `a failure is one sentence`() {
        #expect(
            Digest.NixFormFailure.malformed("x").description
                == "'x' is not a hash: expected 'sha256:' with nix32 or hexadecimal digits, or 'sha256-' with base 64"
        )
        #expect(
            Digest.NixFormFailure.unsupportedAlgorithm("md5:x").description
                == "Hash 'md5:x' uses an algorithm other than sha256"
        )
        #expect(
            Digest.NixFormFailure.malformedEncoding("sha256:x").description
                == "Hash 'sha256:x' does not have 32 bytes: expected 52 nix32 or 64 hexadecimal digits after 'sha256:', "
                + "or 44 of base 64 after 'sha256-'"
        )
    }
}
