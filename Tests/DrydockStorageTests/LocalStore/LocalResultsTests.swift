// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Results of scripts in the local store.
@Suite
struct LocalResultsTests {
    private static let key = Digest(of: Array("key".utf8))
    private static let tar = [UInt8](repeating: 7, count: 300_000)

    private func withResults(_ body: (LocalResults, KeptFiles) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let store = LocalStore(at: "\(directory)/cache", now: 1)
            let results = LocalResults(store)
            try results.keep(Self.key) { output in
                try output.append(Self.tar)
                return LayerMeasure(diffID: Digest(of: Self.tar), size: Int64(Self.tar.count))
            }
            try body(results, KeptFiles(store))
        }
    }

    @Test
    func `a result is found by its key and begins with the tar`() async throws {
        try await withResults { results, files in
            let path = try #require(try results.result(Self.key))
            let bytes = try Data(contentsOf: URL(filePath: path))
            #expect(bytes.prefix(Self.tar.count) == Data(Self.tar))
            #expect(try results.result(Digest(of: Array("other".utf8))) == nil)
            #expect(try files.entries().map(\.kind) == [.result])
            #expect(try files.entries().map(\.size) == [300_032])
        }
    }

    @Test(arguments: [0, 299_999, 300_000, 300_031])
    func `a damaged result is none, and is found by a check`(offset: Int) async throws {
        try await withResults { results, files in
            #expect(try files.removeDamaged() == [])
            let file = try #require(FileHandle(forUpdatingAtPath: "\(results.folder)/\(Self.key.encoded)"))
            try file.seek(toOffset: UInt64(offset))
            try file.write(contentsOf: Data([0x55]))
            try file.close()
            #expect(try results.result(Self.key) == nil)
            #expect(try files.removeDamaged().map(\.kind) == [.result])
            #expect(try files.entries() == [])
        }
    }

    @Test
    func `a result that is used is not collected`() async throws {
        try await withResults { results, files in
            let path = "\(results.folder)/\(Self.key.encoded)"
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 5)],
                ofItemAtPath: path
            )
            #expect(try results.entries().map(\.used) == [5])
            #expect(try results.result(Self.key) != nil)
            #expect(try files.removeUnused(since: 5) == [])
        }
    }

    @Test
    func `a result that nobody used for long is collected`() async throws {
        try await withResults { results, files in
            let young = try files.removeUnused(since: 0)
            #expect(young == [])
            let old = try files.removeUnused(since: .max)
            #expect(old.map(\.kind) == [.result])
            #expect(try results.result(Self.key) == nil)
        }
    }
}
