// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What a build remembers of scripts, compares of them, and keeps of those that fail.
@Suite(.requiresRoot, .requires("busybox"))
struct ScriptResultTests {
    private static let setup = """
        mkdir -p rootfs/bin rootfs/data out
        cp "$(command -v busybox)" rootfs/bin/busybox; ln -s busybox rootfs/bin/sh
        echo one >rootfs/data/one; echo two >rootfs/data/two; mkdir rootfs/data/sub; echo x >rootfs/data/sub/x
        """

    private static let script = """
        echo ran; chown 5:6 /data/one; ln /data/one /data/link; rm /data/two; rm /data/sub/x; mknod /null c 1 3
        chmod 711 /; echo new >/new
        """

    /// A directory with a root file system, and builds in it.
    private struct Place {
        let directory: String

        func build(_ script: String, _ options: String...) async throws -> Command.Output {
            let text = script.split(separator: "\n").map { "  \($0)\n" }.joined()
            let spec = "name: a\ntag: v\ncopyToRoot: ./rootfs\nrunAsRoot: |\n\(text)"
            try spec.write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
            return try await drydock(["build", "a.yaml", "-o", "a.tar", "--cache", "\(directory)/cache"] + options)
        }

        func drydock(_ arguments: [String], input: String = "") async throws -> Command.Output {
            try await Command.run(
                [DrydockProgram.path] + arguments,
                input: Array(input.utf8),
                environment: ["TMPDIR": "\(directory)/out"],
                in: directory
            )
        }

        func image() throws -> Data { try Data(contentsOf: URL(filePath: "\(directory)/a.tar")) }

        func kept() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(directory)/out") }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-ec", Self.setup], in: directory)
            try await body(Place(directory: directory))
        }
    }

    @Test
    func `a script whose inputs are as before is not run again, and the image is the same`() async throws {
        try await withPlace { place in
            let first = try await place.build(Self.script)
            try #require(first.status == 0, "\(first.errorText)")
            #expect(first.errorText.hasPrefix("ran\n"))
            let image = try place.image()
            let second = try await place.build(Self.script)
            #expect(second.status == 0)
            #expect(!second.errorText.hasPrefix("ran\n"))
            #expect(try place.image() == image)
            let anew = try await place.build(Self.script, "--no-cache")
            #expect(anew.errorText.hasPrefix("ran\n"))
            #expect(try place.image() == image)
            let list = try await place.drydock(["cache", "ls", "--cache", "\(place.directory)/cache"])
            #expect(list.text.contains("1 script result, "), "\(list.text)")
        }
    }

    @Test
    func `another text, another file below or another environment runs it anew`() async throws {
        try await withPlace { place in
            _ = try await place.build("echo ran")
            #expect(try await place.build("echo ran ").errorText.hasPrefix("ran"))
            try await Command.check(["sh", "-c", "echo x >rootfs/data/two"], in: place.directory)
            #expect(try await place.build("echo ran").errorText.hasPrefix("ran\n"))
            try await Command.check(["chmod", "600", "rootfs/data/two"], in: place.directory)
            #expect(try await place.build("echo ran").errorText.hasPrefix("ran\n"))
            #expect(try await place.build("echo ran", "--sandbox", "single").errorText.hasPrefix("ran\n") == false)
        }
    }

    @Test
    func `a result that is damaged is made anew`() async throws {
        try await withPlace { place in
            _ = try await place.build(Self.script)
            let image = try place.image()
            try await Command.check(
                ["sh", "-ec", "for f in cache/results/*; do printf x | dd of=$f bs=1 seek=600 conv=notrunc; done"],
                in: place.directory
            )
            let cache = ["--cache", "\(place.directory)/cache"]
            #expect(try await place.build(Self.script).errorText.hasPrefix("ran\n"))
            #expect(try place.image() == image)
            let verified = try await place.drydock(["cache", "verify"] + cache)
            #expect(verified.text.contains("Read 1 script result, "), "\(verified.text)")
            #expect(verified.status == 0)
        }
    }

    @Test
    func `with --check a script runs twice, and the first difference is named`() async throws {
        try await withPlace { place in
            let same = try await place.build(Self.script, "--check")
            #expect(same.status == 0)
            #expect(same.errorText.hasPrefix("ran\nran\n"))
            let other = try await place.build("echo a >/data/a\nhead -c 8 /dev/urandom >/data/random", "--check")
            #expect(other.status == 1)
            #expect(
                other.errorText
                    == "Error: The script 'runAsRoot' does not leave the same when it runs twice: '/data/random' differs"
            )
        }
    }

    @Test(arguments: ["root", "single"])
    func `the root file system of a script that failed is kept, and a shell opens in it`(_ mode: String) async throws {
        try await withPlace { place in
            let script = "chown 5:6 /data/one; rm /data/two; echo last; false"
            let gone = try await place.build(script, "--sandbox", mode)
            #expect(
                gone.errorText.hasSuffix(
                    "Error: The script 'runAsRoot' failed with exit status 1; its last lines were:\n    last"
                )
            )
            #expect(try place.kept() == [])
            let output = try await place.build(script, "--keep-failed", "--sandbox", mode)
            let name = try #require(try place.kept().first)
            let path = "\(place.directory)/out/\(name)"
            #expect(
                output.errorText.hasSuffix(
                    "\nhint: its files are in \(path); open a shell there: drydock run --debug \(path)"
                )
            )
            #expect(FileManager.default.fileExists(atPath: "\(path)/rootfs/data/one"))
            #expect(!FileManager.default.fileExists(atPath: "\(path)/rootfs/data/two"))
            let commands = "stat -c %u:%g /data/one; ls /data; tail -n 1 /dev/drydock/runAsRoot; exit 3"
            let shell = try await place.drydock(["run", "--debug", path, "--sandbox", mode], input: commands)
            #expect(shell.text == "5:6\none\nsub\n\(script)", "\(shell.errorText)")
            #expect(shell.status == 3)
        }
    }
}
