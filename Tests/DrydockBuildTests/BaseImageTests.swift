// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockCompression
import DrydockFiles
import DrydockOCI
import DrydockPackages
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Images that are built on others.
@Suite
struct BaseImageTests {
    /// A base image in `directory` under the given location, with a `/bin` that is a link.
    private func makeBase(in directory: String, at location: String) async throws -> BuiltImage {
        try await Command.check(
            [
                "bash", "-euc",
                "mkdir -p base/usr/bin base/etc; ln -s usr/bin base/bin; printf 1 >base/etc/a; printf 1 >base/etc/b",
            ],
            in: directory
        )
        var spec = ImageSpec(name: "base", directory: directory)
        spec.tag = "1"
        spec.contents = [.directory("base")]
        spec.config.env = ["PATH=/bin", "A=1"]
        spec.config.cmd = ["/bin/old"]
        spec.config.labels = ["from": "base"]
        return try await Pipeline.build(spec, to: location)
    }

    private func child(in directory: String, of base: String) -> ImageSpec {
        var spec = ImageSpec(name: "child", directory: directory)
        spec.tag = "1"
        spec.fromImage = base
        spec.files = [
            FileSpec(path: "/bin/x", content: .text("x")), FileSpec(path: "/etc/b", content: .text("22")),
        ]
        spec.config.env = ["A=2"]
        spec.config.entrypoint = ["/bin/x"]
        return spec
    }

    private func read(_ location: String) throws -> StoredImage { try StoredImage(at: ImageLocation(location)) }

    private func paths(_ location: String) async throws -> [String] {
        try await ImageTree.entries(of: read(location), temporaryDirectory: "/tmp").map { "\($0.path)" }
    }

    @Test(arguments: ["docker-archive", "oci", "oci-archive"], ["docker-archive", "oci", "oci-archive"])
    func `layers of the base pass through from every form into every form`(from: String, to: String) async throws {
        try await withTemporaryDirectory { directory in
            let base = try await makeBase(in: directory, at: "\(from):\(directory)/base.image")
            let target = "\(to):\(directory)/child.image"
            let spec = child(in: directory, of: "\(from):base.image")
            let built = try await Pipeline.build(spec, to: target)
            let stored = try read(target)
            #expect(stored.layers.count == base.layers.count + 1)
            #expect(stored.layers.map(\.diffID).dropLast() == base.layers.map(\.diffID)[...])
            #expect(stored.layers.map(\.diffID) == built.layers.map(\.diffID))
            if from != "docker-archive", to != "docker-archive" {
                #expect(stored.layers[0].descriptor == base.layers[0].descriptor)
            }
            #expect(stored.configuration.config?.env == ["PATH=/bin", "A=2"])
            #expect(stored.configuration.config?.entrypoint == ["/bin/x"])
            #expect(stored.configuration.config?.cmd == nil)
            #expect(stored.configuration.config?.labels == ["from": "base"])
            #expect(stored.configuration.history?.count == 2)
            // The link of the base stays, and the file is where it leads.
            #expect(try await paths(target) == ["bin", "etc", "etc/a", "etc/b", "usr", "usr/bin", "usr/bin/x"])
            // The same spec gives the same image, whatever the base is stored in.
            let again = try await Pipeline.build(spec, to: "\(to):\(directory)/again.image")
            #expect(again.imageID == built.imageID)
        }
    }

    @Test
    func `another spec is built first, and stands below`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["bash", "-euc", "mkdir -p lower/t; printf 1 >lower/t/f"], in: directory)
            let lower = """
                {"name": "lower", "contents": [{"directory": "../lower"}], "config": {"Env": ["L=1"]}}
                """
            try await Command.check(["mkdir", "specs"], in: directory)
            try lower.write(toFile: directory + "/specs/lower.yaml", atomically: true, encoding: .utf8)
            let middle = #"{"name": "middle", "fromImage": "lower.yaml", "files": [{"path": "/m", "text": ""}]}"#
            try middle.write(toFile: directory + "/specs/middle.json", atomically: true, encoding: .utf8)
            var spec = ImageSpec(name: "upper", directory: directory)
            spec.fromImage = "specs/middle.json"
            spec.files = [FileSpec(path: "/u", content: .text(""))]
            let plan = try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            #expect(plan.layers.map(\.kind) == [.store, .customisation, .customisation])
            let target = "docker-archive:\(directory)/upper.tar"
            let built = try await Pipeline.build(spec, to: target)
            #expect(built.configuration.config?.env == ["L=1"])
            #expect(try await paths(target) == ["m", "t", "t/f", "u"])
        }
    }

    @Test
    func `specs that are built on each other are refused`() async throws {
        try await withTemporaryDirectory { directory in
            try "{name: a, fromImage: b.yaml}".write(toFile: directory + "/a.yaml", atomically: true, encoding: .utf8)
            try "{name: b, fromImage: ./a.yaml}".write(toFile: directory + "/b.yaml", atomically: true, encoding: .utf8)
            var spec = ImageSpec(name: "a", directory: directory)
            spec.fromImage = "b.yaml"
            let build = ImageBuild(spec: spec, environment: Pipeline.environment)
            let error = await #expect(throws: BaseImageFailure.self) { try await build.plan() }
            #expect(error.map { "\($0)" } == "Cannot build on 'b.yaml': that spec is built on this one")
        }
    }

    @Test
    func `squash makes one layer with everything`() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await makeBase(in: directory, at: "docker-archive:\(directory)/base.tar")
            var spec = child(in: directory, of: "base.tar")
            spec.squash = true
            let target = "docker-archive:\(directory)/child.tar"
            let built = try await Pipeline.build(spec, to: target)
            #expect(built.layers.count == 1)
            #expect(built.configuration.history?.map { $0.emptyLayer == true } == [true, false])
            #expect(try await paths(target) == ["bin", "etc", "etc/a", "etc/b", "usr", "usr/bin", "usr/bin/x"])
        }
    }

    @Test
    func `instructions for builds on top are neither run nor handed on, which is told`() async throws {
        try await withTemporaryDirectory { directory in
            var base = ImageSpec(name: "base", directory: directory)
            base.files = [FileSpec(path: "/f", content: .text("f"))]
            base.config.onBuild = ["RUN touch /new"]
            _ = try await Pipeline.build(base, to: "docker-archive:\(directory)/base.tar")
            let spec = child(in: directory, of: "base.tar")
            let plan = try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            #expect(plan.warnings == ["the ONBUILD instructions of the base image 'base.tar' are not run"])
            let target = "docker-archive:\(directory)/child.tar"
            let built = try await Pipeline.build(spec, to: target)
            #expect(built.configuration.config?.onBuild == nil)
            #expect(try await !paths(target).contains("new"))
            var environmentAlone = spec
            environmentAlone.inherit = .env
            let quiet = try await ImageBuild(spec: environmentAlone, environment: Pipeline.environment).plan()
            #expect(quiet.warnings.isEmpty)
        }
    }

    @Test(arguments: ["docker-archive", "oci", "oci-archive"], [CompressionFormat.none, .gzip])
    func `a base that has one layer twice keeps it twice, and its blob is there once`(
        form: String,
        compression: CompressionFormat
    ) async throws {
        try await withTemporaryDirectory { directory in
            var below = "docker-archive:\(directory)/one.tar"
            for (name, base) in [("one", nil), ("two", "one.tar"), ("three", "two.tar")] as [(String, String?)] {
                var spec = ImageSpec(name: name, directory: directory)
                spec.fromImage = base
                spec.files = [FileSpec(path: "/f", content: .text("f"))]
                below = name == "three" ? "\(form):\(directory)/three" : "docker-archive:\(directory)/\(name).tar"
                _ = try await Pipeline.build(spec, to: below, compression: compression)
            }
            let stored = try read(below)
            #expect(stored.layers.count == 3)
            #expect(Set(stored.layers.map(\.diffID)).count == 1)
            let target = "\(form):\(directory)/top"
            let built = try await Pipeline.build(child(in: directory, of: below), to: target, compression: compression)
            try await expectBlobsOnce([directory + "/three", directory + "/top"])
            #expect(built.layers.map(\.diffID).prefix(3) == stored.layers.map(\.diffID)[...])
            // The checker does not read archives that are compressed as a whole.
            if form != "docker-archive" || compression == .none {
                #expect(try await ImageChecker.faults(of: "\(directory)/three") == [])
                #expect(try await ImageChecker.faults(of: "\(directory)/top") == [])
            }
            #expect(try await paths(target).contains("f"))
        }
    }

    @Test(arguments: ["docker-archive", "oci", "oci-archive"])
    func `what a layer of the base holds is remembered, so that the layer need not be read`(form: String) async throws {
        try await withTemporaryDirectory { directory in
            let place = "\(form):\(directory)/below"
            _ = try await makeBase(in: directory, at: place)
            var environment = Pipeline.environment
            environment.memory = LayerMemory(LocalStore(at: directory + "/cache", now: 1))
            let spec = child(in: directory, of: place)
            let first = try await ImageBuild(spec: spec, environment: environment).plan()
            // Nobody looks into the layer any more; but its bytes are not believed.
            try await damageLayer(of: directory + "/below")
            let second = try await ImageBuild(spec: spec, environment: environment).plan()
            #expect(second.layers.map(\.size) == first.layers.map(\.size))
            await #expect(throws: ImageStorageFailure.self) {
                try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            }
            for target in ["docker-archive", "oci", "oci-archive"] {
                await #expect(throws: (any Error).self) {
                    try await ImageBuild(spec: spec, environment: environment).deliver(
                        second,
                        to: Destination(ImageLocation("\(target):\(directory)/top-\(target)"))
                    )
                }
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/top-\(target)"))
            }
        }
    }

    @Test
    func `on a layer that the destination has, nothing of the base is read`() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await makeBase(in: directory, at: "oci:\(directory)/below")
            var environment = Pipeline.environment
            environment.memory = LayerMemory(LocalStore(at: directory + "/cache", now: 1))
            var spec = child(in: directory, of: "oci:\(directory)/below")
            for text in ["1", "2"] {
                spec.files = [FileSpec(path: "/bin/x", content: .text(text))]
                let build = ImageBuild(spec: spec, environment: environment)
                let destination = Destination(try ImageLocation("oci:\(directory)/top:\(text)"))
                _ = try await build.deliver(build.plan(), to: destination)
                if text == "1" { try await damageLayer(of: directory + "/below") }
            }
            #expect(try await ImageChecker.faults(of: directory + "/top") == [])
            #expect(try await paths("oci:\(directory)/top:2").contains("usr/bin/x"))
        }
    }

    /// Changes a byte in the middle of the only layer; no size changes.
    private func damageLayer(of path: String) async throws {
        let script = """
            import os, sys, tarfile
            path, offset = sys.argv[1], 0
            if os.path.isdir(path):
                blobs = [f'{path}/blobs/sha256/{name}' for name in os.listdir(f'{path}/blobs/sha256')]
                path = next(blob for blob in blobs if open(blob, 'rb').read(1) != b'{')
                size = os.path.getsize(path)
            else:
                with tarfile.open(path) as archive:
                    layer = next(m for m in archive if m.isfile())
                    offset, size = layer.offset_data, layer.size
            with open(path, 'r+b') as file:
                file.seek(offset + size // 2)
                byte = file.read(1)[0]
                file.seek(offset + size // 2)
                file.write(bytes([byte ^ 1]))
            """
        try await Command.check(["python3", "-c", script, path])
    }

    /// Expects that no archive has two members with the same content.
    private func expectBlobsOnce(_ archives: [String]) async throws {
        let script = """
            import hashlib, os, sys, tarfile
            for path in filter(os.path.isfile, sys.argv[1:]):
                with tarfile.open(path) as archive:
                    large = [m for m in archive if m.isfile() and m.size > 1000]
                    digests = [hashlib.sha256(archive.extractfile(m).read()).hexdigest() for m in large]
                    assert len(set(digests)) == len(digests), [m.name for m in large]
                    assert len(set(archive.getnames())) == len(archive.getnames()), archive.getnames()
            """
        try await Command.check(["python3", "-c", script] + archives)
    }

    @Test
    func `a layer that nobody can unpack is told with its image`() async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                import hashlib, io, json, tarfile
                layer = b'no tar' * 200
                digest = 'sha256:' + hashlib.sha256(layer).hexdigest()
                config = json.dumps({'os': 'linux', 'architecture': 'amd64',
                    'rootfs': {'type': 'layers', 'diff_ids': [digest]}}).encode()
                manifest = json.dumps([{'Config': 'c.json', 'Layers': ['l.tar'], 'RepoTags': []}]).encode()
                with tarfile.open('base.tar', 'w') as archive:
                    for name, data in ('c.json', config), ('l.tar', layer), ('manifest.json', manifest):
                        member = tarfile.TarInfo(name); member.size = len(data)
                        archive.addfile(member, io.BytesIO(data))
                """
            try await Command.check(["python3", "-c", script], in: directory)
            let build = ImageBuild(spec: child(in: directory, of: "base.tar"), environment: Pipeline.environment)
            let error = await #expect(throws: TreeError.self) { try await build.plan() }
            #expect(error?.path == "layer 1 of \(directory)/base.tar")
        }
    }

    @Test
    func `a change of settings alone adds no layer`() async throws {
        try await withTemporaryDirectory { directory in
            let base = try await makeBase(in: directory, at: "oci:\(directory)/lay")
            var spec = child(in: directory, of: "oci:lay")
            spec.files = []
            spec.unsetConfig = ["Labels"]
            let built = try await Pipeline.build(spec, to: "oci:\(directory)/lay")
            #expect(built.layers.map(\.descriptor) == base.layers.map(\.descriptor))
            #expect(built.configuration.config?.labels == nil)
            #expect(built.configuration.history?.last?.createdBy == "drydock: config")
        }
    }

    @Test
    func `one of several images is chosen by name and tag`() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await makeBase(in: directory, at: "oci:\(directory)/images:one")
            _ = try await makeBase(in: directory, at: "oci:\(directory)/images:two")
            var other = ImageSpec(name: "other", directory: directory)
            other.tag = "9"
            try await Pipeline.build(other, to: "oci:\(directory)/images")
            var spec = child(in: directory, of: "oci:images")
            for (name, tag) in [(nil, "two"), ("other", "9"), ("other", nil)] as [(String?, String?)] {
                spec.fromImageName = name
                spec.fromImageTag = tag
                _ = try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            }
            spec.fromImageName = "other"
            spec.fromImageTag = "8"
            let build = ImageBuild(spec: spec, environment: Pipeline.environment)
            let error = await #expect(throws: ImageStorageFailure.self) { try await build.plan() }
            #expect(
                error.map { "\($0)" }
                    == "'\(directory)/images' has no image 'other:8'\nhint: it has 'one', 'other:9', 'two'"
            )
        }
    }

    @Test
    func `the layers of the base count`() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await makeBase(in: directory, at: "docker-archive:\(directory)/base.tar")
            var spec = child(in: directory, of: "base.tar")
            spec.contents = [.directory("base")]
            spec.maxLayers = 2
            let build = ImageBuild(spec: spec, environment: Pipeline.environment)
            let error = await #expect(throws: BaseImageFailure.self) { try await build.plan() }
            #expect(
                error.map { "\($0)" } == """
                    Cannot put layers on top of the 1 layers of fromImage base.tar: maxLayers is 2
                    hint: set maxLayers to a higher number, at most 125, or squash: true
                    """
            )
        }
    }

    @Test
    func `a base for another platform is an error that lists what there is`() async throws {
        try await withTemporaryDirectory { directory in
            var lower = ImageSpec(name: "base", directory: directory)
            lower.architecture = "arm64"
            try await Pipeline.build(lower, to: "oci:\(directory)/lay")
            var spec = child(in: directory, of: "oci:lay")
            #expect(
                try await ImageBuild(spec: spec, environment: Pipeline.environment).plan().platform.architecture
                    == "arm64"
            )
            spec.architecture = "amd64"
            let build = ImageBuild(spec: spec, environment: Pipeline.environment)
            let error = await #expect(throws: ImageStorageFailure.self) { try await build.plan() }
            #expect(
                error.map { "\($0)" }
                    == "'\(directory)/lay' has no image for linux/amd64\nhint: it has linux/arm64"
            )
        }
    }

    @Test
    func `differences between two images are told by file and setting`() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await makeBase(in: directory, at: "oci:\(directory)/lay")
            try await Pipeline.build(child(in: directory, of: "oci:lay"), to: "docker-archive:\(directory)/child.tar")
            let first = try read("oci:\(directory)/lay")
            let second = try read("\(directory)/child.tar")
            let difference = try await ImageDifference(first, second, temporaryDirectory: "/tmp")
            #expect(
                difference.files.map { "\($0.path) \($0.aspects.map(\.rawValue))" } == [
                    "etc/b [\"content\"]", "usr/bin/x []",
                ]
            )
            #expect(difference.settings.map(\.key) == ["config.Cmd", "config.Entrypoint", "config.Env"])
            #expect(difference.sharedLayerCount == 1)
            #expect(difference.addedLayers.count == 1)
            #expect(try await ImageDifference(first, first, temporaryDirectory: "/tmp").isEmpty)
        }
    }
}
