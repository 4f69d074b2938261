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
