// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// What skopeo and umoci write is read, and they read what is written here.
@Suite struct StoragePeerTests {
    @Test(.requires("skopeo", "umoci"), .requiresRoot, arguments: [false, true])
    func `skopeo and umoci read a layout`(compressed: Bool) async throws {
        let plain = try await SampleImage("hello")
        let image = compressed ? try await plain.compressed() : plain
        try await withTemporaryDirectory { path in
            try image.write(to: ImageLayout(creating: path), name: "v1")
            let inspected = try await JSONValue(parsing: Array(Skopeo.inspect("oci:\(path):v1")))
            guard case .object(let members) = inspected else { return #expect(Bool(false)) }
            #expect(members["Digest"] == .string("\(image.descriptor.digest)"))
            #expect(members["Layers"] == .array(image.manifest.layers.map { .string("\($0.digest)") }))
            let history = try await Umoci.stat(layout: path, tag: "v1")
            #expect(String(decoding: history, as: UTF8.self).contains("echo hello"))
        }
    }

    @Test(.requires("skopeo")) func `what skopeo writes is read in every form`() async throws {
        let image = try await SampleImage("hello").compressed()
        try await withTemporaryDirectory { directory in
            try image.write(to: ImageLayout(creating: directory + "/layout"), name: "v1")
            for destination in ["oci:\(directory)/copy:v2", "oci-archive:\(directory)/copy.tar:v2"] {
                try await Skopeo.copy("oci:\(directory)/layout:v1", destination)
                let stored = try StoredImage(at: ImageLocation(destination))
                #expect(stored.manifestBytes == CanonicalJSON.encode(image.manifest))
                #expect(stored.references == ["v2"])
                let bare = try StoredImage(
                    at: ImageLocation(stored.transport == .ociLayout ? "\(directory)/copy" : "\(directory)/copy.tar")
                )
                #expect(bare.descriptor == stored.descriptor)
            }
        }
    }

    @Test(.requires("skopeo")) func `an archive of skopeo is read with and without its manifest`() async throws {
        let image = try await SampleImage("hello")
        try await withTemporaryDirectory { directory in
            try image.write(to: ImageLayout(creating: directory + "/layout"), name: "v1")
            let archive = "\(directory)/image.tar"
            try await Skopeo.copy("oci:\(directory)/layout:v1", "docker-archive:\(archive):me/app:1")
            let stored = try StoredImage(at: ImageLocation("docker-archive:\(archive):me/app:1"))
            #expect(stored.imageID == image.manifest.config.digest)
            #expect(stored.manifest == image.manifest)
            #expect(stored.references == ["docker.io/me/app:1"])

            // Not with `tar --delete`, which damages archives whose size is not a multiple of 10 KiB.
            let files = directory + "/files"
            try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: false)
            try await Command.check(["tar", "-x", "-f", archive, "-C", files])
            try FileManager.default.removeItem(atPath: files + "/manifest.json")
            try await Command.check(["tar", "-c", "-f", archive, "-C", files, "."])
            let legacy = try StoredImage(at: ImageLocation("docker-archive:\(archive):me/app:1"))
            #expect(legacy.layers.map(\.diffID) == image.configuration.rootfs.diffIDs)
            #expect(legacy.configuration.config?.cmd == ["/file"])
            #expect(legacy.platform.satisfies(.host))
        }
    }

    @Test(.requires("dockerd", "docker", "skopeo"), .requiresRoot)
    func `what Docker saves is read`() async throws {
        let first = try await SampleImage("first")
        let second = try await SampleImage("second")
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: directory + "/layout")
            let docker = try await DockerDaemon.shared.client()
            for (name, image) in [("first", first), ("second", second)] {
                try image.write(to: layout, name: name)
                let archive = "\(directory)/\(name).tar"
                try await Skopeo.copy(
                    "oci:\(layout.path):\(name)",
                    "docker-archive:\(archive):drydock-storage/\(name):1"
                )
                #expect(try await docker.load(archive) == ["drydock-storage/\(name):1"])
            }
            let archive = directory + "/saved.tar"
            try await docker.check(["tag", "drydock-storage/first:1", "drydock-storage/first:2"])
            try await docker.save(
                ["drydock-storage/first:1", "drydock-storage/first:2", "drydock-storage/second:1"],
                to: archive
            )
            let stored = try StoredImage(at: ImageLocation("docker-archive:\(archive):drydock-storage/first:2"))
            #expect(stored.transport == .dockerArchive)
            #expect(stored.imageID == first.manifest.config.digest)
            #expect(stored.layers.map(\.diffID) == first.configuration.rootfs.diffIDs)
            #expect(stored.references.sorted() == ["drydock-storage/first:1", "drydock-storage/first:2"])
            let other = try StoredImage(at: ImageLocation("docker-archive:\(archive):drydock-storage/second:1"))
            #expect(other.imageID == second.manifest.config.digest)
            try await docker.check([
                "rmi", "drydock-storage/first:1", "drydock-storage/first:2", "drydock-storage/second:1",
            ])
        }
    }

    @Test(.requires("umoci"), .requiresRoot) func `umoci and this program change one layout in turns`() async throws {
        let image = try await SampleImage("hello")
        try await withTemporaryDirectory { directory in
            let path = directory + "/layout"
            try await Command.check(["umoci", "init", "--layout", path])
            try await Command.check(["umoci", "new", "--image", "\(path):empty"])
            try image.write(to: ImageLayout(creating: path), name: "v1")
            try await Command.check(["umoci", "tag", "--image", "\(path):v1", "v2"])
            #expect(try await Command.check(["umoci", "ls", "--layout", path]) == "empty\nv1\nv2")
            let stored = try StoredImage(at: ImageLocation("oci:\(path):v2"))
            #expect(stored.manifestBytes == CanonicalJSON.encode(image.manifest))
            #expect(stored.references == ["v1", "v2"])
            #expect(try StoredImage(at: ImageLocation("oci:\(path):empty")).layers == [])
        }
    }
}
