// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Testing

/// What is remembered of uploads that are under way.
struct LocalUploadsTests {
    private let blob = Digest(of: [1, 2, 3])

    private func withUploads(_ body: (LocalUploads) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try body(LocalUploads(LocalStore(at: directory + "/cache", now: 1)))
        }
    }

    @Test func `where an upload goes on is kept until it is complete`() async throws {
        try await withUploads { uploads in
            var upload = try #require(uploads.begin(blob, to: "r/a"))
            #expect(upload.location == nil)
            upload.remember("http://r/long/place")
            upload.remember("http://r/place")
            upload = try #require(uploads.begin(blob, to: "r/b"))
            #expect(upload.location == nil)
            upload = try #require(uploads.begin(blob, to: "r/a"))
            #expect(upload.location == "http://r/place")
            upload.forget()
            upload = try #require(uploads.begin(blob, to: "r/b"))
            upload = try #require(uploads.begin(blob, to: "r/a"))
            #expect(upload.location == nil)
        }
    }

    @Test func `one who sends is left alone`() async throws {
        try await withUploads { uploads in
            let upload = try #require(uploads.begin(blob, to: "r/a"))
            upload.remember("http://r/place")
            #expect(uploads.begin(blob, to: "r/a") == nil)
            uploads.removeUnused(since: .max)
            #expect(uploads.begin(blob, to: "r/a") == nil)
            upload.forget()
            #expect(uploads.begin(blob, to: "r/a") != nil)
        }
    }

    @Test func `what was not continued for long is forgotten`() async throws {
        try await withUploads { uploads in
            try #require(uploads.begin(blob, to: "r/a")).remember("http://r/place")
            uploads.removeUnused(since: 1)
            #expect(uploads.begin(blob, to: "r/a")?.location == "http://r/place")
            uploads.removeUnused(since: .max)
            #expect(uploads.begin(blob, to: "r/a")?.location == nil)
        }
    }
}
