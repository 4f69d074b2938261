// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10, and all digits.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func `a text has its bytes`(text: String, encoded: String) {
        #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
        #expect(Base64.encode(text.utf8) == encoded)
    }

    @Test func `every digit has its value`() {
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes = "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf"
        #expect(Base64.decode(digits.utf8).map { Hex.encode($0) } == bytes)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zm9vZg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "=m9v", "Zm9-", "Zm 9", "Zm\u{E9}",
    ])
    func `what no bytes have as their text is refused`(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
