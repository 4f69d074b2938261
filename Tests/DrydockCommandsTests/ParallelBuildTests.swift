// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Several processes that write to one place.
@Suite
struct ParallelBuildTests {
    @Test(.requires("skopeo"))
    func `eight builds into one new layout all arrive`() async throws {
        try await withTemporaryDirectory { directory in
            let tags = (1...8).map { "v\($0)" }
            for tag in tags {
                // The first layer is common to all, the second one is not.
                let spec =
                    "name: case\ntag: \(tag)\ncontents: [directory: tree]\n"
                    + "files: [{path: /tag, text: \(tag)}]\n"
                try spec.write(toFile: "\(directory)/\(tag).yaml", atomically: true, encoding: .utf8)
            }
            try await Command.check(["sh", "-c", "mkdir tree; seq 1 200000 >tree/file"], in: directory)
            try await withThrowingTaskGroup(of: Command.Output.self) { group in
                for tag in tags {
                    group.addTask {
                        try await DrydockProgram.run("build", "\(tag).yaml", "-o", "oci:images", in: directory)
                    }
                }
                for try await output in group { #expect(output.status == 0, "\(output.errorText)") }
            }
            for tag in tags {
                let location = "oci:images:case:\(tag)"
                let layers = try await Command.check(
                    ["skopeo", "inspect", "--format", "{{len .Layers}}", location],
                    in: directory
                )
                #expect(layers == "2")
                try await Command.check(["skopeo", "copy", "-q", location, "dir:\(tag)"], in: directory)
            }
        }
    }

    @Test
    func `two builds of one archive leave a whole one`() async throws {
        try await withTemporaryDirectory { directory in
            try "name: case\ntag: v1\n".write(
                toFile: directory + "/image.yaml",
                atomically: true,
                encoding: .utf8
            )
            async let first = DrydockProgram.run("build", "image.yaml", in: directory)
            async let second = DrydockProgram.run("build", "image.yaml", in: directory)
            #expect(try await [first.status, second.status] == [0, 0])
            #expect(try await DrydockProgram.run("inspect", "case.tar", in: directory).status == 0)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(names == ["case.tar", "image.yaml"])
        }
    }

    @Test
    func `a link at the destination is replaced, and what it leads to stays`() async throws {
        try await withTemporaryDirectory { directory in
            let script = "echo 'name: case' >image.yaml; echo old >old; ln -s old link; ln -s nowhere dangling"
            try await Command.check(["sh", "-c", script], in: directory)
            for name in ["link", "dangling"] {
                let output = try await DrydockProgram.run("build", "image.yaml", "-o", name, in: directory)
                #expect(output.status == 0)
                #expect(try await DrydockProgram.run("inspect", name, in: directory).status == 0)
            }
            #expect(try String(contentsOfFile: directory + "/old", encoding: .utf8) == "old\n")
            #expect(!FileManager.default.fileExists(atPath: directory + "/nowhere"))
        }
    }
}
