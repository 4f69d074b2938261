// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

private let marker = #"{"imageLayoutVersion":"1.0.0"}"#
private let emptyIndex = #"{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}"#

@Suite struct ImageLayoutTests {
    @Test(arguments: [true, false])
    func `a new or empty directory becomes a layout`(exists: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/layout"
            if exists { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
            _ = try ImageLayout(creating: path)
            #expect(try names(in: path) == ["blobs", "index.json", "oci-layout"])
            #expect(try names(in: path + "/blobs/sha256") == [])
            #expect(try text(path + "/oci-layout") == marker)
            #expect(try text(path + "/index.json") == emptyIndex)
        }
    }

    @Test func `what a killed process has left is completed`() async throws {
        try await withTemporaryDirectory { path in
            try write(Array("{".utf8), to: path + "/.drydock-document")
            _ = try ImageLayout(creating: path)
            try FileManager.default.removeItem(atPath: path + "/index.json")
            try FileManager.default.removeItem(atPath: path + "/blobs")
            _ = try ImageLayout(creating: path)
            #expect(try text(path + "/index.json") == emptyIndex)
            #expect(try names(in: path + "/blobs/sha256") == [])
        }
    }

    @Test func `a directory with something else is refused and kept`() async throws {
        try await withTemporaryDirectory { path in
            try write([1], to: path + "/file")
            let failure = try #require(throws: ImageStorageFailure.self) { try ImageLayout(creating: path) }
            #expect(
                failure.description
                    == "'\(path)' is neither empty nor an OCI image layout\nhint: choose a new or empty directory"
            )
            #expect(try names(in: path) == ["file"])
            let other = try #require(throws: ImageStorageFailure.self) { try ImageLayout(opening: path) }
            #expect(other.description == "'\(path)' is not an OCI image layout")
        }
    }

    @Test func `a missing parent directory is named`() async throws {
        try await withTemporaryDirectory { directory in
            let failure = try #require(throws: SystemError.self) { try ImageLayout(creating: directory + "/a/b") }
            #expect(
                failure.description
                    == "Cannot create '\(directory)/a/b': no such file or directory (ENOENT)\n"
                    + "hint: make the parent directory of '\(directory)/a/b' first"
            )
        }
    }

    @Test func `another version is refused`() async throws {
        try await withTemporaryDirectory { path in
            try write(Array(#"{"imageLayoutVersion":"2.0.0"}"#.utf8), to: path + "/oci-layout")
            let failure = try #require(throws: ImageStorageFailure.self) { try ImageLayout(creating: path) }
            #expect(failure.description == "'\(path)' has image layout version '2.0.0': expected '1.0.0'")
            try write(Array("[]".utf8), to: path + "/oci-layout")
            let other = try #require(throws: ImageStorageFailure.self) { try ImageLayout(opening: path) }
            #expect(
                other.description == "'\(path)' has an invalid oci-layout: expected an object, got an array"
            )
        }
    }

    @Test func `what a failed build added goes again, with a layout that holds nothing else`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/layout"
            let failed = try ImageLayout(creating: path)
            try failed.addBlob([1])
            try failed.discardAdditions()
            #expect(try names(in: directory) == [])
        }
    }

    @Test func `what was there before a failed build stays`() async throws {
        try await withTemporaryDirectory { path in
            var digest: Digest?
            do { digest = try ImageLayout(creating: path).addBlob([1]) }
            let failed = try ImageLayout(creating: path)
            try failed.addBlob([1])
            try failed.addBlob([2])
            try failed.discardAdditions()
            #expect(try names(in: path + "/blobs/sha256") == [#require(digest).encoded])
        }
    }

    @Test func `nothing goes while others write, or after an image has arrived`() async throws {
        try await withTemporaryDirectory { path in
            let failed = try ImageLayout(creating: path)
            let digest = try failed.addBlob([1])
            do {
                let other = try ImageLayout(creating: path)
                try failed.discardAdditions()
                #expect(try other.hasBlob(Descriptor(of: [1], mediaType: .layer)))
                try other.addImage(Descriptor(of: [1], mediaType: .imageManifest), referenceName: "a")
            }
            try failed.discardAdditions()
            #expect(try names(in: path + "/blobs/sha256") == [digest.encoded])
        }
    }

    // MARK: - Images

    @Test func `an image of the same name is replaced and all else is kept`() async throws {
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            let other =
                #"{"annotations":{"org.opencontainers.image.ref.name":"b","x":"y"},"digest":"sha256:\#(String(repeating: "1", count: 64))","mediaType":"m","new":[1],"size":7}"#
            try write(
                Array(#"{"annotations":{"k":"v"},"manifests":[\#(other)],"newer":true,"schemaVersion":2}"#.utf8),
                to: path + "/index.json"
            )
            let first = Descriptor(of: [1], mediaType: .imageManifest)
            let second = Descriptor(of: [2], mediaType: .imageManifest)
            try layout.addImage(first, referenceName: "a")
            try layout.addImage(second, referenceName: "a")
            try layout.addImage(first, referenceName: nil)
            try layout.addImage(first, referenceName: nil)
            let named =
                #"{"annotations":{"org.opencontainers.image.ref.name":"a"},"digest":"\#(second.digest)","mediaType":"application/vnd.oci.image.manifest.v1+json","size":1}"#
            let unnamed =
                #"{"digest":"\#(first.digest)","mediaType":"application/vnd.oci.image.manifest.v1+json","size":1}"#
            #expect(
                try text(path + "/index.json")
                    == #"{"annotations":{"k":"v"},"manifests":[\#(other),\#(named),\#(unnamed)],"newer":true,"schemaVersion":2}"#
            )
            #expect(try names(in: path) == ["blobs", "index.json", "oci-layout"])
        }
    }

    @Test func `a broken index is refused and kept`() async throws {
        try await withTemporaryDirectory { path in
            let layout = try ImageLayout(creating: path)
            try write(Array("{".utf8), to: path + "/index.json")
            let failure = try #require(throws: ImageStorageFailure.self) {
                try layout.addImage(Descriptor(of: [1], mediaType: .imageManifest), referenceName: "a")
            }
            #expect(failure.description == "'\(path)' has an invalid index.json: unexpected end at byte 1")
            #expect(try text(path + "/index.json") == "{")
        }
    }

    @Test func `parallel writers lose no image`() async throws {
        try await withTemporaryDirectory { path in
            _ = try ImageLayout(creating: path)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        let layout = try ImageLayout(creating: path)
                        for number in 0..<10 {
                            let bytes = Array("\(writer) \(number)".utf8)
                            try layout.addBlob(bytes)
                            let descriptor = Descriptor(of: bytes, mediaType: .imageManifest)
                            try layout.addImage(descriptor, referenceName: "w\(writer)-\(number)")
                        }
                    }
                }
                group.addTask {
                    try await Command.check(["python3", "-c", foreignWriter, path])
                }
                try await group.waitForAll()
            }
            let index = try ImageLayout(opening: path).index()
            let expected = (0..<4).flatMap { writer in (0..<10).map { "w\(writer)-\($0)" } } + (0..<10).map { "p\($0)" }
            let found = index.manifests.compactMap { $0.annotations?[ImageLayout.referenceNameAnnotation] }
            #expect(found.sorted() == expected.sorted())
            #expect(try names(in: path + "/blobs/sha256").count == 40)
        }
    }
}

/// Another process that changes the index under the same lock, slowly.
private let foreignWriter = """
    import fcntl, json, os, sys, time
    path = sys.argv[1]
    for number in range(10):
        lock = os.open(path, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        index = json.load(open(path + "/index.json"))
        time.sleep(0.005)
        index["manifests"].append({
            "mediaType": "m", "digest": "sha256:" + "%064x" % number, "size": 1,
            "annotations": {"org.opencontainers.image.ref.name": "p%d" % number}})
        with open(path + "/index.json.new", "w") as file:
            json.dump(index, file)
        os.rename(path + "/index.json.new", path + "/index.json")
        os.close(lock)
    """
