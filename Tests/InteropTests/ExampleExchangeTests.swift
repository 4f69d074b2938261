// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Each example between this program, skopeo and umoci.
@Suite
struct ExampleExchangeTests {
    @Test(.requires("skopeo"), arguments: ["redis", "nginx", "shell"])
    func `skopeo copies an example in both directions`(example: String) async throws {
        try await withTemporaryDirectory { directory in
            let layout = "oci:\(directory)/layout:v1"
            let built = try await Drydock.build(Drydock.example(example), to: layout)
            let inspected = try JSONSerialization.jsonObject(with: try await Skopeo.inspect(layout))
            let digest = (inspected as? [String: Any])?["Digest"] as? String
            #expect(digest == built.digest)

            let archive = "docker-archive:\(directory)/copy.tar:localhost/\(example):v2"
            try await Skopeo.copy(layout, archive)
            let copy = try await Drydock.inspect(archive)
            #expect(copy.imageID == built.imageID)
            #expect(copy.diffIDs == built.diffIDs)

            try await Skopeo.copy("docker-archive:\(directory)/copy.tar", "oci:\(directory)/back:v3")
            let back = try await Drydock.inspect("oci:\(directory)/back:v3")
            #expect(back.diffIDs == built.diffIDs)
            #expect(back.config == built.config)
        }
    }

    @Test(.requires("umoci", "python3"), .requiresRoot, arguments: ["redis", "nginx", "shell"])
    func `umoci unpacks an example as its spec and this host have it`(example: String) async throws {
        try await withTemporaryDirectory { directory in
            let layout = directory + "/layout"
            let spec = Drydock.example(example)
            try await Drydock.build(spec, to: "oci:\(layout):v1")
            try await Umoci.unpack(layout: layout, tag: "v1", to: directory + "/bundle")
            let script = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/check_example.py"
            let faults = try await Command.check(["/usr/bin/python3", script, spec, directory + "/bundle/rootfs"])
            #expect(faults.isEmpty, "\(faults)")
        }
    }
}
