// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Builds with a cache that is right, wrong, or not there.
@Suite
struct CacheBuildTests {
    private static let path = "/nix/store/\(String(repeating: "0", count: 32))-x"

    /// What Nix says of the store, by `exportReferencesGraph`.
    private static let graph = """
        [{"path":"\(path)","narHash":"\(Digest(of: []))","narSize":500,"references":[]}]
        """

    /// A directory with a store of one path, a graph that knows it, and a spec.
    private func withStore(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["mkdir", "-p", "\(directory)/root\(Self.path)/bin"])
            let files = [
                "root\(Self.path)/bin/x": "content",
                "graph.json": Self.graph,
                "image.yaml": "name: case\ntag: v1\ncontents: [{nix: \(Self.path)}]\n",
            ]
            for (name, text) in files {
                try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
            }
            try await body(directory)
        }
    }

    private func run(_ command: String, _ options: String..., in directory: String) async throws -> Command.Output {
        try await Command.run(
            [
                DrydockProgram.path, command, "image.yaml", "--store", directory + "/root", "--references-graph",
                "graph.json", "--cache", directory + "/cache",
            ] + options,
            in: directory
        )
    }

    /// Builds an image and gives its archive.
    private func build(in directory: String) async throws -> Data {
        let output = try await run("build", "-o", "out.tar", "--progress", "none", in: directory)
        #expect(output.status == 0)
        #expect(output.errorText == "")
        return try Data(contentsOf: URL(fileURLWithPath: directory + "/out.tar"))
    }

    private func store(_ directory: String) -> LocalStore { LocalStore(at: directory + "/cache", now: 1) }

    /// Remembers another digest for the one layer that is remembered; its old measure.
    private func falsify(_ directory: String) throws -> String {
        let layer = try #require(try store(directory).layers().first)
        try store(directory).remember([layer.key: LayerMeasure(diffID: Digest(of: []), size: layer.size)])
        return "\(layer.diffID)"
    }

    /// The digests that are remembered.
    private func digests(_ directory: String) throws -> [String] {
        try store(directory).layers().map { "\($0.diffID)" }
    }

    @Test
    func `the second build knows the layer of the first`() async throws {
        try await withStore { directory in
            let first = try await build(in: directory)
            let digest = try #require(try digests(directory).first)
            // A plan by a references graph looks at no store path, so it cannot tell whether one is still the same.
            let outline = try await run("plan", "--json", in: directory)
            #expect(outline.text.contains(#""diffID":null"#))
            #expect(try await build(in: directory) == first)
            #expect(try digests(directory) == [digest])
        }
    }

    @Test
    func `a wrong digest of a layer that is compressed costs time, not the image, and is replaced`() async throws {
        try await withStore { directory in
            func digest(_ name: String) async throws -> String {
                let place = "oci:\(directory)/\(name)"
                let output = try await run("build", "-o", place, "--compress", "gzip", "--json", in: directory)
                #expect(output.status == 0)
                return try await Drydock.inspect(place).digest
            }
            let right = try await digest("first")
            let diffID = try falsify(directory)
            #expect(try digests(directory) != [diffID])
            let second = try await digest("second")
            #expect(second == right)
            #expect(try digests(directory) == [diffID])
        }
    }

    @Test
    func `a wrong digest does not reach an uncompressed image either`() async throws {
        try await withStore { directory in
            let right = try await build(in: directory)
            _ = try falsify(directory)
            #expect(try await build(in: directory) == right)
            _ = try falsify(directory)
            // What is on its way to a pipe cannot be begun again.
            let streamed = try await run("stream", in: directory)
            #expect(streamed.status == 1)
            #expect(streamed.errorText.hasSuffix("hint: try again: it is forgotten now"))
            #expect(try await run("stream", in: directory).standardOutput == Array(right))
        }
    }

    @Test
    func `a store path that was changed in place gives the image of what is there now`() async throws {
        try await withStore { directory in
            let first = try await build(in: directory)
            let old = try digests(directory)
            // Neither the inode nor the size nor what is registered changes.
            let file = try FileHandle(forWritingTo: URL(filePath: "\(directory)/root\(Self.path)/bin/x"))
            try file.write(contentsOf: Data("CONTENT".utf8))
            try file.close()
            let streamed = try await run("stream", in: directory)
            #expect(streamed.status == 1)
            let words =
                "Error: The layer \(old[0]) is not what was remembered of it\nhint: try again: it is forgotten now"
            #expect(streamed.errorText.hasSuffix(words))
            try await Command.check(["rm", "-r", "\(directory)/cache"])
            let second = try await build(in: directory)
            #expect(second.count == first.count)
            #expect(try digests(directory) != old)
        }
    }

    @Test(arguments: ["none", "gzip"])
    func `checksums that do not fit cost time, not the image`(compression: String) async throws {
        try await withStore { directory in
            func digest(_ name: String) async throws -> String {
                let place = "oci:\(directory)/\(name)"
                let output = try await run("build", "-o", place, "--compress", compression, "--json", in: directory)
                #expect(output.status == 0)
                return try await Drydock.inspect(place).digest
            }
            let right = try await digest("first")
            let layer = try #require(try store(directory).layers().first)
            let checksum = try #require(layer.measure.checksum)
            let wrong = LayerMeasure(
                diffID: layer.diffID,
                size: layer.size,
                checksum: Checksum(bits: checksum.bits ^ 1)
            )
            try store(directory).remember([layer.key: wrong])
            #expect(try await digest("second") == right)
            #expect(try store(directory).layers().map(\.measure) == [layer.measure])
        }
    }

    @Test
    func `a digest without checksums is compared itself, and gains them`() async throws {
        try await withStore { directory in
            let first = try await build(in: directory)
            let layer = try #require(try store(directory).layers().first)
            try store(directory).remember([layer.key: LayerMeasure(diffID: layer.diffID, size: layer.size)])
            #expect(try store(directory).layers().map(\.measure.checksum) == [nil])
            #expect(try await build(in: directory) == first)
            #expect(try store(directory).layers().map(\.measure) == [layer.measure])
        }
    }

    @Test
    func `a cache that cannot be used is a warning`() async throws {
        try await withStore { directory in
            try Data().write(to: URL(fileURLWithPath: directory + "/cache"))
            let output = try await run("build", "-o", "out.tar", "--progress", "none", in: directory)
            #expect(output.status == 0)
            #expect(
                output.errorText
                    == "warning: This build works without its cache: "
                    + "Cannot open '\(directory)/cache': not a directory (ENOTDIR)"
            )
        }
    }

    @Test
    func `a cache that is not wanted is not made`() async throws {
        try await withStore { directory in
            let output = try await run("build", "--no-cache", "-o", "out.tar", "--progress", "none", in: directory)
            #expect(output.status == 0)
            #expect(output.errorText == "")
            #expect(!FileManager.default.fileExists(atPath: directory + "/cache"))
        }
    }
}
