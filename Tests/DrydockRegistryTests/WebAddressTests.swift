// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct WebAddressTests {
    private let base = WebAddress(scheme: .https, authority: "r.example:443", target: "/v2/a/blobs/uploads/1?_state=x")

    @Test(arguments: [
        ("/v2/x", "https://r.example/v2/x"),
        ("2?s=1", "https://r.example/v2/a/blobs/uploads/2?s=1"),
        ("?s=1", "https://r.example/v2/a/blobs/uploads/1?s=1"),
        ("//other/y", "https://other/y"),
        ("http://Other:80/z?q=/#f", "http://other/z?q=/"),
        ("https://s3.example?q=1", "https://s3.example/?q=1"),
    ])
    func `a location is resolved`(reference: String, absolute: String) {
        #expect(base.resolving(reference)?.description == absolute)
    }

    @Test(arguments: [
        "", "ftp://x/y", "file:///etc/passwd", "https://user@x/", "https://", "https:///x", "/a b", "/a\r\nb", "/ä",
    ])
    func `what is no address of HTTP is refused`(reference: String) {
        #expect(base.resolving(reference) == nil)
    }

    @Test func `a parameter is added encoded`() {
        #expect(base.adding("digest", "sha256:ab").target == "/v2/a/blobs/uploads/1?_state=x&digest=sha256%3Aab")
        #expect(WebAddress(scheme: .http, authority: "h", target: "/a").adding("n", "1").target == "/a?n=1")
    }

    @Test func `what may be secret is not shown`() {
        let address = base.adding("digest", "sha256:ab").adding("X-Amz-Signature", "abc")
        #expect(
            address.redacted == "https://r.example/v2/a/blobs/uploads/1?_state=…&digest=sha256%3Aab&X-Amz-Signature=…"
        )
    }

    @Test func `only the same scheme, host and port are the same server`() {
        #expect(base.isSameServer(as: WebAddress(scheme: .https, authority: "R.example", target: "/")))
        #expect(!base.isSameServer(as: WebAddress(scheme: .http, authority: "r.example", target: "/")))
        #expect(!base.isSameServer(as: WebAddress(scheme: .https, authority: "r.example:5000", target: "/")))
        #expect(!base.isSameServer(as: WebAddress(scheme: .https, authority: "r.example.evil", target: "/")))
    }
}
