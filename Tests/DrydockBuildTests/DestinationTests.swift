// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockCompression
import DrydockStorage
import DrydockTestSupport
import Testing

@Suite struct DestinationTests {
    struct Suffix: Sendable, CustomTestStringConvertible {
        let location: String
        let compression: CompressionFormat?

        var testDescription: String { location }

        static let all = [
            Suffix(location: "docker-archive:a.tar", compression: nil),
            Suffix(location: "docker-archive:a.tar.gz", compression: .gzip),
            Suffix(location: "a.tgz", compression: .gzip),
            Suffix(location: "a.tar.zst", compression: .zstd),
            Suffix(location: "oci-archive:a.tar.gz", compression: nil),
            Suffix(location: "oci:a.gz", compression: nil),
            Suffix(location: "-", compression: nil),
        ]
    }

    @Test(arguments: Suffix.all)
    func `the suffix of a docker-archive says how it is compressed`(suffix: Suffix) throws {
        #expect(Destination(try ImageLocation(suffix.location)).suggestedCompression == suffix.compression)
    }

    @Test func `a compression goes to what the form compresses`() throws {
        let archive = Destination(try ImageLocation("docker-archive:a")).compressed(.zstd)
        #expect(archive.archiveCompression == .zstd)
        let layout = Destination(try ImageLocation("oci:a")).compressed(.zstd)
        #expect(layout.layerCompression == .zstd)
        #expect(layout.archiveCompression == .none)
    }

    @Test func `a bare path is a layout where it is a directory or ends with a slash`() async throws {
        #expect(Destination(try ImageLocation("images/")).transport == .ociLayout)
        #expect(Destination(try ImageLocation("image")).transport == .dockerArchive)
        try await withTemporaryDirectory { directory in
            let location = try ImageLocation(directory)
            #expect(Destination(location).transport == .ociLayout)
        }
    }

    @Test func `a stream and a compressed archive are produced twice`() throws {
        #expect(Destination(try ImageLocation("a.tar")).passes == 1)
        #expect(Destination(try ImageLocation("-")).passes == 2)
        #expect(Destination(try ImageLocation("a")).compressed(.gzip).passes == 2)
    }
}
