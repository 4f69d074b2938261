// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockCompression
import DrydockOCI
import DrydockPackages
import DrydockStorage
import DrydockTestSupport
import Foundation

/// What the tests of the pipeline share.
enum Pipeline {
    static let environment = BuildEnvironment(now: Timestamp.Instant(seconds: 1_700_000_000))

    /// The style of directories that no input mentions.
    static let style = EntryStyle(owner: .root, modificationTime: 1)

    /// A spec of three layers over directories that it makes in `directory`.
    static func spec(in directory: String) async throws -> ImageSpec {
        let script = """
            umask 022; mkdir -p one/usr/bin two/usr/lib root/etc
            head -c 700000 /dev/zero | tr '\\0' a >one/usr/bin/tool; chmod 755 one/usr/bin/tool
            head -c 90000 /dev/zero | tr '\\0' b >two/usr/lib/library; ln two/usr/lib/library two/usr/lib/other
            ln -s library two/usr/lib/link; printf name >root/etc/hostname
            """
        try await Command.check(["bash", "-euc", script], in: directory)
        var spec = ImageSpec(name: "sample", directory: directory)
        spec.architecture = "amd64"
        spec.contents = [.directory("one"), .directory("two")]
        spec.copyToRoot = ["root"]
        spec.files = [FileSpec(path: "/etc/motd", content: .text("hello\n"))]
        spec.config.cmd = ["/usr/bin/tool"]
        return spec
    }

    /// Builds a spec into a place.
    @discardableResult
    static func build(
        _ spec: ImageSpec,
        to location: String,
        compression: CompressionFormat? = nil,
        width: Int = 2,
        progress: ProgressCounter = ProgressCounter()
    ) async throws -> BuiltImage {
        let build = ImageBuild(spec: spec, environment: environment)
        var destination = Destination(try ImageLocation(location))
        if let compression { destination = destination.compressed(compression) }
        return try await build.deliver(build.plan(), to: destination, width: width, progress: progress)
    }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    /// All names in a directory, hidden ones too.
    static func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    /// All bytes of a layer, read in pieces.
    static func bytes(of recipe: LayerRecipe, pieces: Int = 1_000) throws -> [UInt8] {
        let stream = LayerStream(recipe)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieces)
        while true {
            let count = try unsafe piece.withUnsafeMutableBytes { try unsafe stream.read(into: $0) }
            bytes += piece[..<count]
            if count < pieces { return bytes }
        }
    }
}
