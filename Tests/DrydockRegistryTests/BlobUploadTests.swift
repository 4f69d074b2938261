// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct BlobUploadTests {
    private let first = WebAddress(scheme: .http, authority: "r", target: "/u/1")
    private let second = WebAddress(scheme: .http, authority: "r", target: "/u/2")

    private func upload(size: Int64 = 10, chunk: Int64 = 4) -> BlobUpload {
        var policy = RetryPolicy()
        policy.attempts = 3
        policy.firstDelay = .seconds(1)
        return BlobUpload(size: size, chunkSize: chunk, retry: policy)
    }

    @Test func `a small blob goes in one request`() {
        var upload = upload(size: 4)
        #expect(upload.next == .open)
        upload.opened(at: first, smallestChunk: nil)
        #expect(upload.next == .put(first, 0..<4))
        upload.put(.init(status: 201), jitter: 0)
        #expect(upload.next == .done)
    }

    @Test func `a large blob goes in chunks to the place that was named last`() {
        var upload = upload()
        upload.opened(at: first, smallestChunk: nil)
        #expect(upload.next == .patch(first, 0..<4))
        upload.patched(.init(status: 202, location: second, received: 4), jitter: 0)
        #expect(upload.next == .patch(second, 4..<8))
        upload.patched(.init(status: 202, location: first), jitter: 0)
        #expect(upload.next == .patch(first, 8..<10))
        upload.patched(.init(status: 202, location: second, received: 10), jitter: 0)
        #expect(upload.next == .put(second, 10..<10))
    }

    @Test func `chunks are as large as the registry wants them`() {
        var upload = upload()
        upload.opened(at: first, smallestChunk: 8)
        #expect(upload.next == .patch(first, 0..<8))
    }

    @Test func `what has arrived is not sent again`() {
        var upload = upload(size: 4)
        upload.opened(at: first, smallestChunk: nil)
        upload.broke(jitter: 1)
        #expect(upload.next == .wait(.seconds(1)))
        upload.resumed()
        #expect(upload.next == .ask(first))
        upload.told(.init(status: 204, location: second, received: 3), jitter: 0)
        #expect(upload.next == .patch(second, 3..<4))
        upload.patched(.init(status: 202, location: first, received: 4), jitter: 0)
        #expect(upload.next == .put(first, 4..<4))
    }

    @Test func `an upload that is forgotten may have been completed`() {
        var upload = upload(size: 4)
        upload.opened(at: first, smallestChunk: nil)
        upload.broke(jitter: 1)
        upload.resumed()
        upload.told(.init(status: 404), jitter: 0)
        #expect(upload.next == .check)
        var other = upload
        upload.checked(isThere: true, jitter: 0)
        #expect(upload.next == .done)
        other.checked(isThere: false, jitter: 0)
        #expect(other.next == .open)
    }

    @Test func `a registry that is too busy is asked later`() {
        var upload = upload()
        upload.opened(at: first, smallestChunk: nil)
        upload.patched(.init(status: 429, retryAfter: .seconds(9)), jitter: 0)
        #expect(upload.next == .wait(.seconds(9)))
    }

    @Test func `a registry without chunks gets the blob whole`() {
        var upload = upload()
        upload.opened(at: first, smallestChunk: nil)
        upload.patched(.init(status: 405), jitter: 0)
        #expect(upload.next == .open)
        upload.opened(at: second, smallestChunk: nil)
        #expect(upload.next == .put(second, 0..<10))
        upload.put(.init(status: 405), jitter: 0)
        #expect(upload.next == .fail)
    }

    @Test func `a registry without whole blobs gets one chunk`() {
        var upload = upload(size: 4)
        upload.opened(at: first, smallestChunk: nil)
        upload.put(.init(status: 405), jitter: 0)
        upload.opened(at: second, smallestChunk: nil)
        #expect(upload.next == .patch(second, 0..<4))
    }

    @Test func `chunks that are too large become smaller`() {
        var upload = upload(size: 64 << 20, chunk: 16 << 20)
        upload.opened(at: first, smallestChunk: nil)
        upload.patched(.init(status: 413), jitter: 0)
        #expect(upload.next == .ask(first))
        upload.told(.init(status: 204, received: 0), jitter: 0)
        #expect(upload.next == .patch(first, 0..<(4 << 20)))
    }

    @Test func `it ends when nothing gets on`() {
        var upload = upload(size: 4)
        for _ in 0..<2 {
            upload.opened(at: first, smallestChunk: nil)
            upload.put(.init(status: 400), jitter: 0)
            #expect(upload.next == .open)
        }
        upload.opened(at: first, smallestChunk: nil)
        upload.put(.init(status: 400), jitter: 0)
        #expect(upload.next == .fail)
    }

    @Test(arguments: [401, 403, 409])
    func `what is not allowed is not tried again`(status: Int) {
        var upload = upload()
        upload.opened(at: first, smallestChunk: nil)
        upload.patched(.init(status: status), jitter: 0)
        #expect(upload.next == .fail)
    }
}
