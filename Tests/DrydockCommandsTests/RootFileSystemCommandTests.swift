// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `export`, `diff` and `inspect --tree` as a person calls them.
@Suite
struct RootFileSystemCommandTests {
    /// Two images, of which the second has one file more and another command.
    private func withImages(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let first = "{name: a, tag: v, architecture: amd64, files: [{path: /d/f, text: one}]}"
            let second = """
                { name: b, tag: v, fromImage: a.tar, files: [{ path: /d/g, text: two, mode: "0600", owner: "7:8" }],
                  config: { Cmd: [/d/g] } }
                """
            for (name, spec) in [("a", first), ("b", second)] {
                try spec.write(toFile: "\(directory)/\(name).yaml", atomically: true, encoding: .utf8)
                let output = try await DrydockProgram.run("build", "\(name).yaml", "-o", "\(name).tar", in: directory)
                try #require(output.status == 0, "\(output.errorText)")
            }
            try await body(directory)
        }
    }

    @Test
    func `differences are told, and the exit code says that there are some`() async throws {
        try await withImages { directory in
            let output = try await DrydockProgram.run("diff", "a.tar", "b.tar", in: directory)
            #expect(output.status == 1)
            let lines = output.text.split(separator: "\n").map(String.init)
            #expect(lines.count == 3)
            #expect(lines.first == #"+ config.Cmd ["/d/g"]"#)
            #expect(lines.last == "+ file      0600 7:8       3 B      /d/g")
            let json = try await DrydockProgram.run("diff", "a.tar", "b.tar", "--json", in: directory)
            #expect(json.status == 1)
            #expect(
                json.text.contains(#""files":[{"aspects":[],"change":"added","first":null,"path":"/d/g","second":{"#)
            )
            let same = try await DrydockProgram.run("diff", "a.tar", "a.tar", in: directory)
            #expect(same.status == 0)
            #expect(same.text == "The images are equal")
        }
    }

    @Test
    func `the tree is listed, and written as a tar and into a directory`() async throws {
        try await withImages { directory in
            let tree = try await DrydockProgram.run("inspect", "--tree", "b.tar", in: directory)
            #expect(
                tree.text == """
                    directory 0755 0:0                /d
                    file      0644 0:0       3 B      /d/f
                    file      0600 7:8       3 B      /d/g
                    """
            )
            for destination in ["one.tar", "two.tar", "new/"] {
                let output = try await DrydockProgram.run("export", "b.tar", "-o", destination, in: directory)
                #expect(output.status == 0)
                #expect(output.errorText == "")
            }
            let archives = try ["one.tar", "two.tar"].map { try Data(contentsOf: URL(filePath: "\(directory)/\($0)")) }
            #expect(archives[0] == archives[1])
            #expect(try String(contentsOfFile: directory + "/new/d/g", encoding: .utf8) == "two")
            let again = try await DrydockProgram.run("export", "b.tar", "-o", "new", in: directory)
            #expect(again.status == 1)
            #expect(again.errorText == "Error: Cannot export to 'new/': it is not empty\nhint: choose a new directory")
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(names == ["a.tar", "a.yaml", "b.tar", "b.yaml", "new", "one.tar", "two.tar"])
        }
    }

    @Test
    func `an image in a layout is found by its name alone, as the latest`() async throws {
        try await withImages { directory in
            for tag in ["latest", "v"] {
                let name = "docker-archive:a.tar"
                let copied = try await DrydockProgram.run("copy", name, "oci:images:a:\(tag)", in: directory)
                #expect(copied.status == 0, "\(copied.errorText)")
            }
            let found = try await DrydockProgram.run("inspect", "oci:images:a", "--digest", in: directory)
            #expect(found.status == 0, "\(found.errorText)")
            let missing = try await DrydockProgram.run("inspect", "oci:images:b", in: directory)
            #expect(missing.errorText == "Error: 'images' has no image 'b'\nhint: it has 'a:latest', 'a:v'")
            let archive = try await DrydockProgram.run("inspect", "team/redis:7", in: directory)
            #expect(
                archive.errorText == """
                    Error: Cannot read 'team/redis:7': no such file or directory (ENOENT)
                    hint: an image in a registry is written 'docker://team/redis:7'
                    """
            )
            let env = try await DrydockProgram.run("inspect", "b.tar", in: directory)
            #expect(env.text.contains("\n  cmd       [\"/d/g\"]"))
        }
    }
}
