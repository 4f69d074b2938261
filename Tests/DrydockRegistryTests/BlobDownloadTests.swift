// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

@Suite struct BlobDownloadTests {
    private func download(from offset: Int64 = 0) -> BlobDownload {
        var policy = RetryPolicy()
        policy.attempts = 3
        policy.firstDelay = .seconds(1)
        return BlobDownload(size: 10, from: offset, retry: policy)
    }

    @Test func `a blob is asked for whole, and its rest as a closed range`() throws {
        var download = download()
        #expect(download.next == .request(nil))
        try download.answered(status: 200, contentRange: nil, contentLength: 10)
        #expect(try download.received(4) == 0..<4)
        #expect(download.interrupted(jitter: 1) == .wait(.seconds(1)))
        #expect(download.next == .request(4...9))
        try download.answered(status: 206, contentRange: "bytes 4-9/10", contentLength: 6)
        #expect(try download.received(6) == 0..<6)
        #expect(download.interrupted(jitter: 1) == .done)
        #expect(download.next == .done)
    }

    @Test func `a server that ignores the range sends what is skipped`() throws {
        var download = download(from: 4)
        #expect(download.next == .request(4...9))
        try download.answered(status: 200, contentRange: nil, contentLength: 10)
        #expect(try download.received(3) == 3..<3)
        #expect(try download.received(3) == 1..<3)
        #expect(try download.received(4) == 0..<4)
        #expect(download.next == .done)
    }

    @Test func `a server that refuses the range is asked for all`() throws {
        var download = download(from: 4)
        #expect(download.refusedRange(jitter: 1) == .wait(.seconds(1)))
        #expect(download.next == .request(nil))
    }

    @Test func `only failures without progress are counted`() throws {
        var download = download()
        #expect(download.interrupted(jitter: 1) == .wait(.seconds(1)))
        try download.answered(status: 200, contentRange: nil, contentLength: nil)
        _ = try download.received(1)
        #expect(download.interrupted(jitter: 1) == .wait(.seconds(1)))
        #expect(download.interrupted(jitter: 1) == .wait(.seconds(2)))
        #expect(download.interrupted(jitter: 1) == .giveUp)
    }

    @Test func `another part than the one asked for is refused`() {
        for range in ["bytes 3-9/10", "bytes 5-9/10", "bytes 4-10/10", "nonsense", ""] {
            var download = download(from: 4)
            #expect(throws: BlobDownload.Fault.otherRange) {
                try download.answered(status: 206, contentRange: range, contentLength: nil)
            }
        }
    }

    @Test func `another size is refused`() throws {
        var download = download()
        #expect(throws: BlobDownload.Fault.otherSize(11)) {
            try download.answered(status: 200, contentRange: nil, contentLength: 11)
        }
        #expect(throws: BlobDownload.Fault.otherSize(11)) { _ = try download.received(11) }
        #expect(throws: BlobDownload.Fault.otherSize(12)) {
            try download.answered(status: 206, contentRange: "bytes 0-9/12", contentLength: nil)
        }
    }

    @Test func `nothing is asked for when nothing is left`() { #expect(download(from: 10).next == .done) }
}
