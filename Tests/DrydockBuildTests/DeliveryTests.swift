// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockPackages
import DrydockTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

/// Images on their way to a destination: the same bytes on every way, and all or nothing.
@Suite
struct DeliveryTests {
    /// A destination: its form and compression.
    struct Form: CustomTestStringConvertible, Sendable {
        let transport: String
        var compression = CompressionFormat.none
        var testDescription: String { "\(transport), \(compression.rawValue)" }
    }

    static let archives = [
        Form(transport: "docker-archive"),
        Form(transport: "docker-archive", compression: .gzip),
        Form(transport: "docker-archive", compression: .zstd),
        Form(transport: "oci-archive"),
        Form(transport: "oci-archive", compression: .gzip),
        Form(transport: "oci-archive", compression: .zstd),
    ]

    static let forms =
        archives + [
            Form(transport: "oci"),
            Form(transport: "oci", compression: .gzip),
            Form(transport: "oci", compression: .zstd),
        ]

    // MARK: The same bytes

    @Test(arguments: archives)
    func `a file and a pipe get the same bytes, and the image is sound`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            let path = directory + "/image"
            try await Pipeline.build(spec, to: "\(form.transport):\(path)", compression: form.compression)
            try await Command.check(["sh", "-c", try script(spec, form, directory)], in: directory)
            #expect(try Pipeline.bytes(directory + "/streamed") == (try Pipeline.bytes(path)))
            if form.transport == "oci-archive" || form.compression == .none {
                #expect(try await ImageChecker.faults(of: path) == [])
            }
        }
    }

    @Test(.requires("zstd"), arguments: [CompressionFormat.gzip, .zstd])
    func `a compressed archive decompresses to the plain one`(compression: CompressionFormat) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            try await Pipeline.build(spec, to: "docker-archive:\(directory)/plain")
            try await Pipeline.build(spec, to: "docker-archive:\(directory)/packed", compression: compression)
            try await Command.check(
                ["sh", "-c", "\(compression.rawValue) -dc <packed >unpacked && cmp plain unpacked"],
                in: directory
            )
        }
    }

    @Test(arguments: forms)
    func `the number of threads and of layers does not show`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            for maxLayers in [2, 100] {
                spec.maxLayers = maxLayers
                var results: Set<[String]> = []
                for width in [1, 2, 7] {
                    let path = "\(directory)/\(maxLayers)-\(width)"
                    let place = "\(form.transport):\(path)"
                    let image = try await Pipeline.build(spec, to: place, compression: form.compression, width: width)
                    #expect(image.layers.count == min(maxLayers, 3))
                    let sums = try await Command.check(
                        ["sh", "-c", "find \(path) -type f -exec sha256sum {} + | sed s,\(path),, | sort"]
                    )
                    results.insert(sums.split(separator: "\n").map(String.init))
                }
                #expect(results.count == 1)
            }
        }
    }

    @Test(arguments: CompressionFormat.written)
    func `an image layout is sound and takes a second image`(compression: CompressionFormat) async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            let place = "oci:\(directory)/layout"
            let first = try await Pipeline.build(spec, to: place, compression: compression)
            spec.config.env = ["A=b"]
            let second = try await Pipeline.build(spec, to: place + ":other", compression: compression)
            #expect(first.layers == second.layers)
            #expect(try await ImageChecker.faults(of: directory + "/layout") == [])
            // Three layers, two configurations, two manifests.
            #expect(try Pipeline.names(in: directory + "/layout/blobs/sha256").count == 7)
            #expect(try Pipeline.names(in: directory + "/layout") == ["blobs", "index.json", "oci-layout"])
        }
    }

    @Test
    func `an image without files has one empty layer`() async throws {
        try await withTemporaryDirectory { directory in
            for form in ["docker-archive", "oci-archive"] {
                let path = "\(directory)/\(form)"
                let image = try await Pipeline.build(ImageSpec(name: "empty"), to: "\(form):\(path)")
                #expect(image.layers.map(\.tarSize) == [10_240])
                #expect(try await ImageChecker.faults(of: path) == [])
            }
        }
    }

    // MARK: All or nothing

    @Test(arguments: forms)
    func `a file that changes while it is packed is an error that leaves nothing`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            try await Command.check(["mkdir", directory + "/out"])
            let library = directory + "/two/usr/lib/library"
            // The largest layer is the first to be packed; then the next one is not what it was.
            let progress = ProgressCounter { _ in _ = unsafe truncate(library, 5) }
            let error = await #expect(throws: TreeError.self) {
                try await Pipeline.build(
                    spec,
                    to: "\(form.transport):\(directory)/out/image",
                    compression: form.compression,
                    width: 1,
                    progress: progress
                )
            }
            #expect(error == TreeError(.changed, library))
            #expect(try Pipeline.names(in: directory + "/out") == [])
        }
    }

    @Test(arguments: archives)
    func `what was there before stays when a build fails`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            try await Command.check(["sh", "-c", "mkdir out; echo before >out/image"], in: directory)
            let progress = ProgressCounter { _ in _ = unsafe truncate(directory + "/two/usr/lib/library", 5) }
            await #expect(throws: TreeError.self) {
                try await Pipeline.build(
                    spec,
                    to: "\(form.transport):\(directory)/out/image",
                    compression: form.compression,
                    width: 1,
                    progress: progress
                )
            }
            #expect(try Pipeline.bytes(directory + "/out/image") == Array("before\n".utf8))
            #expect(try Pipeline.names(in: directory + "/out") == ["image"])
        }
    }

    @Test(arguments: forms)
    func `a build that is cancelled stops and leaves nothing`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            let spec = try await Pipeline.spec(in: directory)
            try await Command.check(["mkdir", directory + "/out"])
            let (isCancelled, packed) = (Flag(), AsyncStream<Void>.makeStream())
            // The first layer is done only when the build has been cancelled.
            let progress = ProgressCounter { _ in
                packed.continuation.yield()
                while !isCancelled.isSet { usleep(100) }
            }
            let build = Task {
                try await Pipeline.build(
                    spec,
                    to: "\(form.transport):\(directory)/out/image",
                    compression: form.compression,
                    width: 1,
                    progress: progress
                )
            }
            for await _ in packed.stream { break }
            build.cancel()
            isCancelled.set()
            let result = await build.result
            #expect(throws: CancellationError.self) { try result.get() }
            #expect(try Pipeline.names(in: directory + "/out") == [])
        }
    }

    @Test
    func `a file that is different the second time is an error of its layer`() async throws {
        try await withTemporaryDirectory { directory in
            var spec = ImageSpec(name: "sample", directory: directory)
            spec.files = [FileSpec(path: "/f", content: .source("f"))]
            let path = directory + "/f"
            try Data("first".utf8).write(to: URL(filePath: path))
            let time = try FileStatus(of: path).modified
            // Another content of the same size with the old time back: only the digest can tell.
            let progress = ProgressCounter { _ in
                guard let file = try? OwnedDescriptor(opening: path, flags: O_WRONLY) else { return }
                try? OutputDescriptor(number: file.number, path: path).write(Array("other".utf8), at: 0)
                let stamp = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
                _ = unsafe futimens(file.number, [stamp, stamp])
            }
            let error = await #expect(throws: DeliveryError.self) {
                try await Pipeline.build(
                    spec,
                    to: "docker-archive:\(directory)/image",
                    compression: .gzip,
                    progress: progress
                )
            }
            #expect(
                error?.description == """
                    Layer 1 is not what it was when its digest was taken: a file of it changed meanwhile
                    hint: build again when nothing writes there
                    """
            )
            #expect(try Pipeline.names(in: directory) == ["f"])
        }
    }

    @Test(.requiresRoot, arguments: archives)
    func `a full disk is an error that leaves nothing`(form: Form) async throws {
        try await withTemporaryDirectory { directory in
            var spec = try await Pipeline.spec(in: directory)
            try await Command.check(["sh", "-c", "head -c 2000000 /dev/urandom >root/random"], in: directory)
            spec.tag = "full"
            try await withTmpfs(size: 1 << 20) { small in
                let place = "\(form.transport):\(small)/image"
                let error = await #expect(throws: SystemError.self) {
                    try await Pipeline.build(spec, to: place, compression: form.compression)
                }
                #expect(error == SystemError("write", small + "/image", errorNumber: ENOSPC))
                let names = try Pipeline.names(in: small)
                #expect(names == [])
            }
        }
    }

    @Test(arguments: ["docker-archive", "oci-archive"])
    func `devices, pipes and directories are not replaced`(transport: String) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-c", "mkfifo pipe; mkdir folder"], in: directory)
            for (path, isDirectory) in [
                (directory + "/pipe", false), (directory + "/folder", true), ("/dev/null", false),
            ] {
                let error = await #expect(throws: DeliveryError.self) {
                    try await Pipeline.build(ImageSpec(name: "empty"), to: "\(transport):\(path)")
                }
                #expect(error == (isDirectory ? .directory(path) : .notARegularFile(path)))
            }
        }
    }

    @Test
    func `what cannot be replaced has a sentence for the person`() {
        #expect(
            DeliveryError.notARegularFile("/dev/null").description == """
                Cannot write '/dev/null': it is not a regular file
                hint: write '-' for standard output
                """
        )
        #expect(
            DeliveryError.directory("d").description == """
                Cannot write 'd': it is a directory
                hint: name a file in it, or write 'oci:d' for an image layout
                """
        )
    }

    /// A switch that closures can share.
    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
        func set() { value.store(true, ordering: .sequentiallyConsistent) }
    }

    /// The command that writes the same image to standard output, which goes through a pipe into a file.
    private func script(_ spec: ImageSpec, _ form: Form, _ directory: String) throws -> String {
        let yaml = """
            name: sample
            architecture: amd64
            contents: [{directory: one}, {directory: two}]
            copyToRoot: [root]
            files: [{path: /etc/motd, text: "hello\\n"}]
            config: {Cmd: [/usr/bin/tool]}
            """
        try Data(yaml.utf8).write(to: URL(filePath: directory + "/sample.yaml"))
        let output = form.transport == "docker-archive" ? "-" : "oci-archive:-"
        return "'\(try Drydock.path)' build sample.yaml -o \(output) --compress \(form.compression.rawValue) "
            + "--progress none 2>messages | cat >streamed"
    }
}
