// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Glibc
import Testing

private let content = Array("content".utf8)
private let digest = Digest(of: content)

@Suite struct PendingBlobTests {
    private func withLayout(_ body: (ImageLayout, String) throws -> Void) async throws {
        try await withTemporaryDirectory { path in
            try body(try ImageLayout(creating: path), path + "/blobs/sha256")
        }
    }

    /// `false` as on a file system without unnamed files.
    @Test(arguments: [true, false])
    func `a blob gets its name when it is whole`(unnamed: Bool) async throws {
        try await withLayout { layout, folder in
            let blob = try PendingBlob(in: folder, unnamed: unnamed)
            try blob.output.append(content)
            #expect(try names(in: folder).filter { !$0.hasPrefix(".") } == [])
            #expect(try blob.commit(digest: digest, size: 7))
            #expect(try names(in: folder) == [digest.encoded])
            #expect(try read(layout.blobPath(digest)) == content)
            #expect(try layout.hasBlob(Descriptor(of: content, mediaType: .layer)))
            #expect(try !layout.hasBlob(Descriptor(mediaType: .layer, digest: digest, size: 8)))
        }
    }

    @Test(arguments: [true, false])
    func `a blob that is not committed leaves nothing`(unnamed: Bool) async throws {
        try await withLayout { _, folder in
            do {
                let blob = try PendingBlob(in: folder, unnamed: unnamed)
                try blob.output.append(content)
            }
            #expect(try names(in: folder) == [])
        }
    }

    @Test(arguments: [true, false])
    func `a blob of another size than announced is refused`(unnamed: Bool) async throws {
        try await withLayout { _, folder in
            let blob = try PendingBlob(in: folder, unnamed: unnamed)
            try blob.output.append(content)
            do {
                _ = try blob.commit(digest: digest, size: 8)
                Issue.record("Nothing was thrown")
            } catch let failure as ImageStorageFailure {
                #expect(
                    failure.description == "'\(folder)' has a damaged \(digest): expected 8 bytes, got 7 bytes"
                )
            }
            #expect(try names(in: folder) == [])
        }
    }

    @Test(arguments: [true, false])
    func `a blob that is there already is discarded`(unnamed: Bool) async throws {
        try await withLayout { layout, folder in
            try layout.addBlob(content)
            let before = try FileStatus(of: layout.blobPath(digest)).identity
            let blob = try PendingBlob(in: folder, unnamed: unnamed)
            try blob.output.append(content)
            #expect(try !blob.commit(digest: digest, size: 7))
            try layout.addBlob(content)
            #expect(try FileStatus(of: layout.blobPath(digest)).identity == before)
            #expect(try names(in: folder) == [digest.encoded])
        }
    }

    @Test(arguments: [true, false])
    func `a blob of another size under the same name is replaced`(unnamed: Bool) async throws {
        try await withLayout { layout, folder in
            try write([1, 2], to: layout.blobPath(digest))
            let blob = try PendingBlob(in: folder, unnamed: unnamed)
            try blob.output.append(content)
            #expect(try blob.commit(digest: digest, size: 7))
            #expect(try read(layout.blobPath(digest)) == content)
            #expect(try names(in: folder) == [digest.encoded])
        }
    }

    @Test func `what a killed process has left is removed and what a living one holds is not`() async throws {
        try await withLayout { layout, folder in
            try write([1], to: folder + "/.drydock-abandoned")
            let held = try PendingBlob(in: folder, unnamed: false)
            try held.output.append(content)
            #expect(try names(in: folder).count == 2)
            _ = try ImageLayout(creating: layout.path)
            #expect(try names(in: folder).count == 1)
            #expect(try held.commit(digest: digest, size: 7))
            #expect(try names(in: folder) == [digest.encoded])
        }
    }
}
