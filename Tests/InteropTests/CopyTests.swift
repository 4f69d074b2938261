// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Images move between forms and come out as they were.
@Suite
struct CopyTests {
    private static let forms = ["docker-archive", "oci", "oci-archive"]

    /// Builds an image of three layers into a place of each form, the layers of layouts compressed with gzip.
    private func withImages(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let script = """
                umask 022; mkdir -p one/usr/bin two/usr/lib
                head -c 700000 /dev/zero | tr '\\0' a >one/usr/bin/tool
                head -c 90000 /dev/zero | tr '\\0' b >two/usr/lib/library
                printf 'name: sample\\ntag: v1\\ncontents: [{ directory: one }, { directory: two }]\\n' >spec.yaml
                printf 'files: [{ path: /etc/motd, text: hello }]\\nconfig: { Cmd: [/usr/bin/tool] }\\n' >>spec.yaml
                """
            try await Command.check(["bash", "-euc", script], in: directory)
            for form in Self.forms {
                try await Drydock.build("\(directory)/spec.yaml", to: "\(form):\(directory)/built-\(form)")
            }
            try await body(directory)
        }
    }

    private func copy(_ arguments: String...) async throws -> Command.Output {
        let output = try await Command.run([try Drydock.path, "copy", "--progress", "none"] + arguments)
        try #require(output.status == 0, "\(output.errorText)")
        return output
    }

    private func expectSame(_ one: String, _ other: String) async throws {
        try await Command.check(["diff", "-r", one, other])
    }

    // MARK: Digests

    @Test(.requires("python3"), arguments: forms, forms)
    func `a copy is sound and has the same image`(source: String, target: String) async throws {
        try await withImages { directory in
            let (source, path) = ("\(directory)/built-\(source)", "\(directory)/copy")
            let output = try await copy(source, "\(target):\(path)")
            let (before, after) = (try await Drydock.inspect(source), try await Drydock.inspect(path))
            #expect(after.imageID == before.imageID)
            #expect(after.diffIDs == before.diffIDs)
            #expect(after.references == before.references)
            #expect(try await ImageChecker.faults(of: path) == [])
            #expect(try await ImageChecker.documentFaults(of: path) == [])
            // A digest that changed is told, and only that.
            #expect(output.errorText.isEmpty == (before.digest == after.digest))
        }
    }

    @Test func `there and back give the same bytes`() async throws {
        try await withImages { directory in
            for (source, target) in [("docker-archive", "oci"), ("oci", "oci-archive"), ("oci-archive", "oci")] {
                let there = "\(target):\(directory)/there-\(source)"
                _ = try await copy("\(directory)/built-\(source)", there)
                _ = try await copy(there, "\(source):\(directory)/back-\(source)")
                try await expectSame("\(directory)/built-\(source)", "\(directory)/back-\(source)")
            }
        }
    }

    @Test func `standard output gets the bytes of a file`() async throws {
        try await withImages { directory in
            let script = "\"$0\" copy built-oci - >piped 2>errors; cmp piped built-docker-archive"
            try await Command.check(["bash", "-euc", script, try Drydock.path], in: directory)
            _ = try await copy("\(directory)/built-oci", "\(directory)/copy.tar.gz")
            let unzip = "gzip -dc copy.tar.gz | cmp - built-docker-archive"
            try await Command.check(["bash", "-euc", unzip], in: directory)
        }
    }

    @Test func `members that nobody knows are kept`() async throws {
        try await withImages { directory in
            let script = """
                import hashlib, json, os
                os.chdir('built-oci')
                def blob(digest): return 'blobs/sha256/' + digest[7:]
                index = json.load(open('index.json'))
                manifest = json.load(open(blob(index['manifests'][0]['digest'])))
                manifest['org.example.unknown'] = {'deep': [1, 2.5, None]}
                manifest['annotations'] = {'a': 'b'}
                text = json.dumps(manifest, indent=3).encode()
                digest = 'sha256:' + hashlib.sha256(text).hexdigest()
                open(blob(digest), 'wb').write(text)
                index['manifests'][0].update(digest=digest, size=len(text))
                json.dump(index, open('index.json', 'w'))
                """
            try await Command.check(["python3", "-c", script], in: directory)
            let before = try await Drydock.inspect("\(directory)/built-oci")
            _ = try await copy("\(directory)/built-oci", "oci-archive:\(directory)/copy.tar")
            #expect(try await Drydock.inspect("\(directory)/copy.tar") == before)
            _ = try await copy("\(directory)/built-oci", "oci:\(directory)/other", "--compress", "zstd")
            let manifest = try await Drydock.check(["inspect", "--manifest", "\(directory)/other"])
            #expect(manifest.contains(#""org.example.unknown":{"deep":[1,2.5,null]}"#))
            #expect(manifest.contains(#""annotations":{"a":"b"}"#))
        }
    }

    // MARK: Changes

    @Test(.requires("python3"), arguments: ["none", "gzip", "zstd"])
    func `layers are compressed as it is asked for`(compression: String) async throws {
        try await withImages { directory in
            let output = try await copy(
                "\(directory)/built-oci",
                "oci:\(directory)/copy",
                "--compress",
                compression
            )
            let copied = try await Drydock.inspect("\(directory)/copy")
            let suffix = compression == "none" ? "" : "+\(compression)"
            #expect(copied.layers.allSatisfy { $0.mediaType == "application/vnd.oci.image.layer.v1.tar\(suffix)" })
            #expect(try await ImageChecker.faults(of: "\(directory)/copy") == [])
            let words = ["none": "decompressed", "zstd": "compressed with zstd"][compression]
            #expect(output.errorText.hasPrefix(words.map { "note: sample:v1: 3 layers are \($0)\n" } ?? ""))
        }
    }

    @Test(.requires("skopeo")) func `Docker's form is what skopeo takes for it, and back is as before`() async throws {
        try await withImages { directory in
            let output = try await copy("\(directory)/built-oci", "oci:\(directory)/docker", "--format", "docker")
            #expect(output.errorText.hasPrefix("note: sample:v1: its manifest is in Docker's form\n"))
            let manifest = try await Drydock.check(["inspect", "--manifest", "\(directory)/docker"])
            #expect(manifest.contains("application/vnd.docker.distribution.manifest.v2+json"))
            #expect(manifest.contains("application/vnd.docker.image.rootfs.diff.tar.gzip"))
            _ = try await copy("\(directory)/docker", "oci:\(directory)/back", "--format", "oci")
            let (before, after) = (
                try await Drydock.inspect("\(directory)/built-oci"), try await Drydock.inspect("\(directory)/back")
            )
            #expect(before == after)
        }
    }

    @Test func `what cannot be is refused`() async throws {
        try await withImages { directory in
            let cases: [(arguments: [String], message: String, status: Int32)] = [
                (
                    ["built-oci", "copy.tar", "--format", "oci"],
                    "Error: A docker-archive holds no manifest, so '--format' has nothing to say there\n"
                        + "hint: write 'oci:DIR' or 'oci-archive:PATH', or leave the option out", 64
                ),
                (
                    ["built-oci", "oci:copy", "--format", "docker", "--compress", "zstd"],
                    "Error: Docker's manifests have no layers that are compressed with zstd\n"
                        + "hint: add '--compress gzip'", 1
                ),
                (
                    ["docker-archive:built-docker-archive:other", "oci:copy"],
                    "Error: 'built-docker-archive' has no image 'other'\nhint: it has 'sample:v1'", 1
                ),
                (
                    ["built-oci", "oci:copy", "--platform", "linux/s390x"],
                    "Error: 'built-oci' has no image for linux/s390x\nhint: it has linux/", 1
                ),
            ]
            for example in cases {
                let output = try await Command.run([try Drydock.path, "copy"] + example.arguments, in: directory)
                #expect(output.status == example.status)
                #expect(output.errorText.hasPrefix(example.message))
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/copy"))
            }
        }
    }

    @Test func `a damaged source leaves nothing behind`() async throws {
        try await withImages { directory in
            let layer = try await Drydock.inspect("\(directory)/built-oci").layers[0]
            let blob = "\(directory)/built-oci/blobs/sha256/\(layer.digest.dropFirst(7))"
            try await Command.check(
                ["sh", "-c", "printf X | dd of=\(blob) bs=1 seek=100 conv=notrunc status=none"],
                in: directory
            )
            for target in ["oci:copy", "oci-archive:copy", "docker-archive:copy"] {
                let output = try await Command.run([try Drydock.path, "copy", "built-oci", target], in: directory)
                #expect(output.status == 1)
                #expect(output.errorText.contains("Error: 'built-oci' has a damaged layer sha256:"))
                #expect(!FileManager.default.fileExists(atPath: "\(directory)/copy"))
            }
        }
    }

    // MARK: One layer

    /// The lower image of the built one with files replaced and deleted on top, in the form of the path.
    private func withStackedImage(_ form: String, _ body: (String) async throws -> Void) async throws {
        try await withImages { directory in
            let upper = """
                printf 'name: upper\\ntag: v2\\nfromImage: docker-archive:built-docker-archive\\n' >upper.yaml
                printf 'files: [{ path: /etc/motd, text: above }, { path: /new, text: n }]\\n' >>upper.yaml
                """
            try await Command.check(["bash", "-euc", upper], in: directory)
            try await Drydock.build("\(directory)/upper.yaml", to: "\(form):\(directory)/upper")
            try await body(directory)
        }
    }

    @Test(.requires("python3"), arguments: forms, forms)
    func `a squashed copy has one layer with what a container sees`(source: String, target: String) async throws {
        try await withStackedImage(source) { directory in
            let (source, path) = ("\(directory)/upper", "\(directory)/flat")
            let output = try await copy("--squash", source, "\(target):\(path)")
            let (before, after) = (try await Drydock.inspect(source), try await Drydock.inspect(path))
            #expect(output.errorText.hasPrefix("note: upper:v2: 4 layers are made one\nnote: upper:v2: the manifest's"))
            #expect(after.layers.count == 1)
            #expect(after.layers.first?.createdBy == "drydock: squash of 4 layers of \(before.imageID)")
            #expect(after.references == before.references)
            #expect(after.config == before.config)
            #expect(try await ImageChecker.faults(of: path) == [])
            #expect(try await ImageChecker.documentFaults(of: path) == [])
            let trees = [
                try await Drydock.check(["inspect", "--tree", source]),
                try await Drydock.check(["inspect", "--tree", path]),
            ]
            #expect(trees[0] == trees[1])
            #expect(trees[0].contains("/etc/motd"))
            // Archives have plain layers unless they were compressed before.
            if target != "docker-archive" {
                let types = Set(before.layers.map(\.mediaType))
                #expect(Set(after.layers.map(\.mediaType)) == types)
            }
        }
    }

    @Test func `what is squashed has the same bytes each time and from every form`() async throws {
        try await withStackedImage("oci") { directory in
            _ = try await copy("--squash", "\(directory)/upper", "docker-archive:\(directory)/flat.tar")
            _ = try await copy("\(directory)/upper", "docker-archive:\(directory)/archive.tar")
            _ = try await copy("--squash", "\(directory)/archive.tar", "\(directory)/again.tar", "--jobs", "1")
            try await expectSame("\(directory)/flat.tar", "\(directory)/again.tar")
            let script = """
                "$0" copy --squash upper - 2>errors | cmp - flat.tar
                "$0" copy --squash upper one.tar.gz 2>errors; gzip -dc one.tar.gz | cmp - flat.tar
                """
            try await Command.check(["bash", "-euo", "pipefail", "-c", script, try Drydock.path], in: directory)
            let history = try await Drydock.check(["inspect", "--config", "\(directory)/flat.tar"])
            #expect(history.contains(#""empty_layer":true"#))
        }
    }

    @Test func `a squashed image takes on form and compression as others do`() async throws {
        try await withStackedImage("oci") { directory in
            let docker = "oci:\(directory)/docker"
            _ = try await copy("--squash", "\(directory)/upper", docker, "--format", "docker", "--compress", "gzip")
            let layer = try await Drydock.inspect("\(directory)/docker").layers.first
            #expect(layer?.mediaType == "application/vnd.docker.image.rootfs.diff.tar.gzip")
            _ = try await copy("--squash", "\(directory)/docker", "oci:\(directory)/zstd", "--compress", "zstd")
            #expect(
                try await Drydock.inspect("\(directory)/zstd").layers.first?.mediaType
                    == "application/vnd.docker.image.rootfs.diff.tar.zstd"
            )
        }
    }

    // MARK: Several images

    /// A second image that shares its lowest layers with the first one.
    private func buildSecond(in directory: String, to destination: String) async throws {
        let script = "sed -e 's/sample/other/' -e 's/text: hello/text: bye/' spec.yaml >other.yaml"
        try await Command.check(["sh", "-euc", script], in: directory)
        try await Drydock.build("\(directory)/other.yaml", to: destination)
    }

    @Test(.requires("docker", "dockerd", "runc", "skopeo", "zstd", "python3"), .requiresRoot)
    func `Docker loads every image of a merged archive, named or not`() async throws {
        try await withImages { directory in
            try await buildSecond(in: directory, to: "docker-archive:\(directory)/other.tar.zst")
            let nameless = "\(directory)/nameless.tar"
            try await Command.check(
                ["sh", "-euc", "sed 's/text: hello/text: third/' spec.yaml >third.yaml"],
                in: directory
            )
            let third = try await Drydock.build("\(directory)/third.yaml", to: "oci:\(directory)/third:bare")
            _ = try await copy("oci:\(directory)/third", nameless)
            try await Command.check(["gzip", "\(directory)/built-docker-archive"])
            let sources = ["built-docker-archive.gz", "other.tar.zst", "nameless.tar"]
            try await Command.check(
                [try Drydock.path, "merge", "-o", "all.tar", "--progress", "none"] + sources,
                in: directory
            )
            #expect(try await ImageChecker.faults(of: "\(directory)/all.tar") == [])
            let names = try await Command.check(["tar", "-tf", "\(directory)/all.tar"]).split(separator: "\n")
            // Two shared layers, and one for each image.
            #expect(names.count { $0.hasSuffix("layer.tar") } == 5)
            let docker = try await DockerDaemon.shared.client()
            let loaded = try await docker.load("\(directory)/all.tar")
            // Docker tells the identifiers of images with names, too.
            #expect(Set(loaded).isSuperset(of: ["sample:v1", "other:v1", third.imageID]))
            try await docker.check(["rmi", "--force"] + loaded)
        }
    }

    @Test(.requires("python3")) func `all images come out of what they were merged into`() async throws {
        try await withImages { directory in
            try await buildSecond(in: directory, to: "oci:\(directory)/other")
            let merge = [try Drydock.path, "merge", "--progress", "none"]
            try await Command.check(merge + ["built-oci", "other", "-o", "oci:all"], in: directory)
            #expect(try await ImageChecker.faults(of: "\(directory)/all") == [])
            for name in ["sample:v1", "other:v1"] {
                let image = try await Drydock.inspect("oci:\(directory)/all:\(name)")
                #expect(image.references == [name])
            }
            _ = try await copy("--all", "\(directory)/all", "oci-archive:\(directory)/all.tar")
            _ = try await copy("--all", "\(directory)/all.tar", "oci:\(directory)/back")
            try await expectSame("\(directory)/all", "\(directory)/back")
            let refusal = try await Command.run([try Drydock.path, "copy", "all", "oci:one"], in: directory)
            #expect(
                refusal.errorText
                    == "Error: 'all' holds several images\nhint: choose one of 'other:v1', 'sample:v1'"
            )
        }
    }

    @Test func `a name that means two images is refused`() async throws {
        try await withImages { directory in
            let script = "sed 's/text: hello/text: bye/' spec.yaml >other.yaml"
            try await Command.check(["sh", "-euc", script], in: directory)
            try await Drydock.build("\(directory)/other.yaml", to: "docker-archive:\(directory)/other.tar")
            for target in ["all.tar", "oci:all"] {
                let output = try await Command.run(
                    [try Drydock.path, "merge", "built-docker-archive", "other.tar", "-o", target],
                    in: directory
                )
                #expect(
                    output.errorText == """
                        Error: 'sample:v1' means different images in 'built-docker-archive' and 'other.tar'
                        hint: copy one of them under another name first
                        """
                )
            }
            let output = try await Command.run(
                [try Drydock.path, "merge", "built-docker-archive", "built-oci", "-o", "oci:all:x"],
                in: directory
            )
            #expect(
                output.errorText == """
                    Error: Cannot give the name 'x' to 2 images
                    hint: leave the name out, and each image keeps its own
                    """
            )
        }
    }

    // MARK: Other programs

    @Test(.requires("docker", "dockerd", "podman", "skopeo", "umoci", "runc", "busybox", "python3"), .requiresRoot)
    func `what other programs save is copied, and they read the copies`() async throws {
        let docker = try await DockerDaemon.shared.client()
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/image.tar")
            _ = try await docker.load(directory + "/image.tar")
            try await docker.save(["hand-made:latest"], to: directory + "/docker.tar")
            try await Skopeo.copy("docker-archive:\(directory)/docker.tar", "oci:\(directory)/skopeo:v1")
            let zstd = ["--dest-compress-format", "zstd", "--dest-compress"]
            try await Skopeo.copy("docker-archive:\(directory)/docker.tar", "oci:\(directory)/zstd:v1", options: zstd)
            let imageID = try await Drydock.inspect(directory + "/docker.tar").imageID
            for source in ["docker.tar", "skopeo", "zstd"] {
                for target in Self.forms {
                    let path = "\(directory)/\(source)-\(target)"
                    _ = try await copy("\(directory)/\(source)", "\(target):\(path)")
                    #expect(
                        try await Drydock.inspect(path).diffIDs == Drydock.inspect("\(directory)/\(source)").diffIDs
                    )
                    #expect(try await ImageChecker.faults(of: path) == [])
                    let name = target == "docker-archive" || source == "docker.tar" ? "" : ":v1"
                    _ = try await Skopeo.inspect("\(target):\(path)\(name)")
                }
            }
            #expect(try await Drydock.inspect("\(directory)/docker.tar-oci").imageID == imageID)
            try await withPodman { podman in
                _ = try await podman.load("\(directory)/docker.tar-docker-archive")
                #expect(try await podman.run(image: "hand-made:latest") == "hello")
            }
            try await Umoci.unpack(layout: "\(directory)/skopeo-oci", tag: "v1", to: "\(directory)/bundle")
        }
    }
}
