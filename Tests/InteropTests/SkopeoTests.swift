// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// skopeo reads what the command writes, and the command reads what skopeo writes.
@Suite
struct SkopeoTests {
    struct Form: CustomTestStringConvertible {
        let transport: String
        let compression: String

        var testDescription: String { "\(transport) \(compression)" }

        static let all = [
            Form(transport: "docker-archive", compression: "none"),
            Form(transport: "oci", compression: "none"),
            Form(transport: "oci", compression: "gzip"),
            Form(transport: "oci", compression: "zstd"),
            Form(transport: "oci-archive", compression: "gzip"),
            Form(transport: "oci-archive", compression: "zstd"),
        ]
    }

    @Test(.requires("skopeo"), arguments: Form.all)
    func `skopeo sees the digests and settings that the build reported`(form: Form) async throws {
        try await withImage(form) { image, built, _ in
            let summary = try JSON(try await Skopeo.inspect(image))
            #expect(summary["Layers"] == .array(built.layers.map { .string($0.digest) }))
            #expect(summary["Created"] == .string("1970-01-01T00:00:01Z"))
            #expect(summary["Os"] == .string("linux"))
            // What skopeo gives for an archive is a manifest of its own making.
            if form.transport != "docker-archive" { #expect(summary["Digest"] == .string(built.digest)) }
            let configuration = try await Skopeo.inspect(image, options: ["--config", "--raw"])
            #expect(try await digest(of: configuration) == built.imageID)
            #expect(try JSON(configuration)["config"] == built.config)
        }
    }

    @Test(.requires("python3", "zstd"), arguments: Form.all)
    func `the reported digests are those of the bytes`(form: Form) async throws {
        try await withImage(form) { image, built, directory in
            let path = directory + "/image"
            #expect(try await ImageChecker.faults(of: path) == [])
            #expect(try await ImageChecker.documentFaults(of: path) == [])
            let identity = try await ImageChecker.identity(of: path)
            #expect(identity.imageID == built.imageID)
            #expect(identity.layers.map(\.diffID) == built.diffIDs)
            #expect(identity.digest == (form.transport == "docker-archive" ? nil : built.digest))
            // In an archive that is compressed as a whole, as in every other, the layers are plain.
            #expect(identity.layers.map(\.digest) == built.layers.map(\.digest))
            #expect(identity.layers.map(\.size) == built.layers.map(\.size))
            #expect(try await Drydock.inspect(image) == named(built, form))
        }
    }

    /// A layout's image is known by its tag alone.
    private func named(_ image: Drydock.Image, _ form: Form) -> Drydock.Image {
        var named = image
        if form.transport != "docker-archive" { named.references = ["v1"] }
        return named
    }

    @Test(.requires("skopeo", "umoci", "python3"), .requiresRoot)
    func `several images in one layout are told apart by all`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = directory + "/layout"
            var images: [String: Drydock.Image] = [:]
            // The first tag is written again with other content, and names the new image alone.
            for (number, tag) in ["one", "two", "three", "one"].enumerated() {
                let spec = "name: several\nfiles: [{ path: /number, text: '\(number)' }]\n"
                try spec.write(toFile: directory + "/spec.yaml", atomically: false, encoding: .utf8)
                images[tag] = try await Drydock.build(directory + "/spec.yaml", to: "oci:\(layout):\(tag)")
            }
            #expect(try await ImageChecker.faults(of: layout) == [])
            #expect(try await ImageChecker.documentFaults(of: layout) == [])
            let tags = try await Command.check(["umoci", "ls", "--layout", layout]).split(separator: "\n")
            #expect(tags.sorted() == ["one", "three", "two"])
            for (tag, image) in images {
                let summary = try JSON(try await Skopeo.inspect("oci:\(layout):\(tag)"))
                #expect(summary["Digest"] == .string(image.digest))
                let identity = try await ImageChecker.identity(of: layout, name: tag)
                #expect(identity.digest == image.digest)
                try await Umoci.unpack(layout: layout, tag: tag, to: directory + "/" + tag)
            }
            #expect(try String(contentsOfFile: directory + "/one/rootfs/number", encoding: .utf8) == "3")
        }
    }

    @Test(.requires("skopeo"), arguments: Form.all)
    func `a layout that skopeo copied is the same image`(form: Form) async throws {
        try await withImage(form) { image, built, directory in
            try await Skopeo.copy(image, "oci:\(directory)/copy:v2")
            let copy = try await Drydock.inspect("oci:\(directory)/copy:v2")
            #expect(copy.diffIDs == built.diffIDs)
            #expect(copy.config == built.config)
            #expect(copy.references == ["v2"])
            // skopeo writes a configuration of its own when an archive becomes a layout, and compresses plain layers.
            if form.transport != "docker-archive" { #expect(copy.imageID == built.imageID) }
            if form.compression != "none" { #expect(copy.digest == built.digest) }
            if form.compression != "none" { #expect(copy.layers == built.layers) }
            #expect(try await ImageChecker.faults(of: directory + "/copy") == [])
        }
    }

    @Test(.requires("skopeo"), arguments: Form.all)
    func `a directory of skopeo becomes the same image again`(form: Form) async throws {
        try await withImage(form) { image, built, directory in
            try await Skopeo.copy(image, "dir:\(directory)/dir")
            try await Skopeo.copy("dir:\(directory)/dir", "oci-archive:\(directory)/copy.tar:v2")
            let copy = try await Drydock.inspect("\(directory)/copy.tar")
            #expect(copy.diffIDs == built.diffIDs)
            if form.transport != "docker-archive" { #expect(copy.imageID == built.imageID) }
            if form.compression != "none" { #expect(copy.digest == built.digest) }
        }
    }

    // Docker's manifests do not know zstd, and skopeo refuses to write one.
    @Test(.requires("skopeo"), arguments: Form.all.filter { $0.compression != "zstd" })
    func `an archive that skopeo copied is the same image`(form: Form) async throws {
        try await withImage(form) { image, built, directory in
            let archive = "docker-archive:\(directory)/copy.tar:localhost/shell:v2"
            try await Skopeo.copy(image, archive)
            let copy = try await Drydock.inspect(archive)
            #expect(copy.imageID == built.imageID)
            #expect(copy.diffIDs == built.diffIDs)
            #expect(copy.config == built.config)
            #expect(copy.references == ["localhost/shell:v2"])
            if form.compression == "none" { #expect(copy.digest == built.digest) }
            let identity = try await ImageChecker.identity(of: directory + "/copy.tar")
            #expect(identity.imageID == built.imageID)
        }
    }

    /// Builds the shell example in one form and calls `body` with its place, its report and a directory for copies.
    private func withImage(
        _ form: Form,
        _ body: (String, Drydock.Image, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let place = "\(form.transport):\(directory)/image"
            let destination = form.transport == "docker-archive" ? place : place + ":v1"
            let built = try await Drydock.build(
                Drydock.example("shell"),
                to: destination,
                options: ["--compress", form.compression]
            )
            try await body(destination, built, directory)
        }
    }

    private func digest(of data: Data) async throws -> String {
        let sum = try await Command.check(["sha256sum"], input: Array(data))
        return "sha256:" + sum.prefix(64)
    }
}
