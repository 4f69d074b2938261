// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `run` as a person calls it.
@Suite
struct RunCommandTests {
    private static let script = """
        mkdir -p rootfs/bin rootfs/etc runs
        cp "$(command -v busybox)" rootfs/bin/busybox
        for name in sh id cat pwd touch kill sleep stat tty; do ln -s busybox "rootfs/bin/$name"; done
        printf 'root:x:0:0:root:/root:/bin/sh\\njane:x:1000:1000:Jane:/home/jane:/bin/sh\\n' >rootfs/etc/passwd
        printf 'root:x:0:\\njane:x:1000:\\nwheel:x:10:jane\\n' >rootfs/etc/group
        chmod -R a+rX . && chmod 1777 runs
        """
    private static let spec = """
        { name: a, tag: v, copyToRoot: ./rootfs, files: [{ path: /private, directory: true, mode: "0700" }],
          config: { Entrypoint: [sh, -c], Cmd: ["id -u; pwd; exit 7"], User: jane, WorkingDir: /new/place } }
        """

    private func withImage(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-ec", Self.script], in: directory)
            try Self.spec.write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
            let output = try await DrydockProgram.run("build", "a.yaml", "-o", "a.tar", in: directory)
            try #require(output.status == 0, "\(output.errorText)")
            try await body(directory)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory)/runs") == [])
        }
    }

    private func run(_ arguments: [String], input: String = "", in directory: String) async throws -> Command.Output {
        try await Command.run(
            [DrydockProgram.path, "run"] + arguments,
            input: Array(input.utf8),
            environment: ["TMPDIR": "\(directory)/runs"],
            in: directory
        )
    }

    @Test
    func `the image's command runs as its configuration says, and its exit status is passed on`() async throws {
        try await withImage { directory in
            let usual = try await run(["a.tar"], in: directory)
            #expect(usual.text == "1000\n/new/place", "\(usual.errorText)")
            #expect(usual.status == 7)
            let streams = try await run(["a.tar", "--", "cat; echo error >&2"], input: "typed", in: directory)
            #expect(streams.text == "typed")
            #expect(streams.errorText == "error")
            #expect(streams.status == 0)
            let signal = try await run(["a.tar", "--", "kill -9 $$"], in: directory)
            #expect(signal.status == 137)
            let missing = try await run(["--entrypoint", "nope", "a.tar"], in: directory)
            #expect(missing.status == 127)
            #expect(missing.errorText.hasPrefix("Error: Cannot start 'nope' in the sandbox: "))
        }
    }

    @Test
    func `everything from the first word after the image on is the command`() async throws {
        try await withImage { directory in
            let plain = try await run(["a.tar", "--entrypoint", "cat", "--user", "0", "/etc/group"], in: directory)
            #expect(plain.text.hasSuffix("wheel:x:10:jane"), "\(plain.errorText)")
            let options = ["--entrypoint=/bin/stat", "a.tar", "-w", "/etc", "passwd", "-c", "%n %F", "--", "group"]
            let output = try await run(options, in: directory)
            #expect(output.text == "passwd regular file\ngroup regular file", "\(output.errorText)")
            let marked = try await run(["a.tar", "--entrypoint", "stat", "--", "-c", "%n", "/etc"], in: directory)
            #expect(marked.text == "/etc", "\(marked.errorText)")
            let habit = try await run(["--rm", "-it", "--entrypoint", "pwd", "a.tar"], in: directory)
            #expect(habit.text == "/new/place", "\(habit.errorText)")
            let unknown = try await run(["a.tar", "--netwrok", "host", "id"], in: directory)
            #expect(unknown.status == 64)
            let expected = "Error: Unknown option '--netwrok'. Did you mean '--network'?"
            #expect(unknown.errorText.hasPrefix(expected), "\(unknown.errorText)")
            let shell = try await run(["--debug", "/tmp/x", "id"], in: directory)
            #expect(shell.status == 64)
            #expect(shell.errorText.hasPrefix("Error: '--debug' opens a shell and takes no command"))
        }
    }

    @Test
    func `another user may open the standard streams by name, and begin where only root may enter`() async throws {
        try await withImage { directory in
            let script = "pwd; echo out >/dev/stdout; echo error >/dev/stderr"
            let output = try await run(["a.tar", "-w", "/private", "--", script], in: directory)
            #expect(output.text == "/private\nout")
            #expect(output.errorText == "error")
            #expect(output.status == 0)
        }
    }

    @Test(arguments: [[], ["--sandbox", "single"]])
    func `localhost has a name, whether or not the image has a directory for it`(options: [String]) async throws {
        let names = "127.0.0.1 localhost\n::1 localhost"
        try await withImage { directory in
            let contents = "contents: [{ directory: ./rootfs, exclude: [etc] }]"
            let spec = "{ name: b, \(contents), config: { Entrypoint: [sh, -c] } }"
            try spec.write(toFile: "\(directory)/b.yaml", atomically: true, encoding: .utf8)
            let usual = try await run(options + ["a.tar", "--", "cat /etc/hosts; id -un"], in: directory)
            #expect(usual.text == names + "\njane", "\(usual.errorText)")
            let bare = try await run(
                options + ["b.yaml", "--", "cat /etc/hosts; stat -c '%a %n' /etc/*"],
                in: directory
            )
            #expect(bare.text == names + "\n644 /etc/hosts", "\(bare.errorText)")
        }
    }

    @Test
    func `an image's own names stay as they are, also where they lead nowhere`() async throws {
        try await withImage { directory in
            for (file, expected) in [("text: own", "own"), ("symlink: /nowhere", "")] {
                let spec = Self.spec.replacing("files: [", with: "files: [{ path: /etc/hosts, \(file) }, ")
                try spec.write(toFile: "\(directory)/b.yaml", atomically: true, encoding: .utf8)
                let output = try await run(["b.yaml", "--", "cat /etc/hosts || true"], in: directory)
                #expect(output.text == expected, "\(output.errorText)")
                #expect(output.status == 0)
            }
        }
    }

    @Test(arguments: [[], ["--sandbox", "single"]])
    func `output in a file can be opened by name, and nothing of the file is lost`(options: [String]) async throws {
        try await withImage { directory in
            let script = """
                echo first >out; echo a >err
                "$0" run "$@" a.tar -- 'echo second; echo third >/dev/stdout; echo b >/dev/stderr' >>out 2>>err
                "$0" run "$@" a.tar -- 'echo 1; echo 2 >&2; echo 3 >/dev/stdout; echo 4 >/dev/stderr; echo 5' >both 2>&1
                cat out err both
                """
            let output = try await Command.run(
                ["sh", "-ec", script, DrydockProgram.path] + options,
                environment: ["TMPDIR": "\(directory)/runs"],
                in: directory
            )
            #expect(output.text == "first\nsecond\nthird\na\nb\n1\n2\n3\n4\n5", "\(output.errorText)")
        }
    }

    @Test(.requires("python3"))
    func `output to a socket can be opened by name, too`() async throws {
        try await withImage { directory in
            let script = """
                import socket, subprocess, sys
                ours, its = socket.socketpair()
                its.setblocking(False)
                program = subprocess.Popen([sys.argv[1], "run", "a.tar", "--", sys.argv[2]], stdout=its)
                its.close()
                print(len(ours.makefile().read().split()), program.wait())
                """
            // More than the buffer of a socket holds.
            let command = "echo first; i=0; while [ $i -lt 50000 ]; do echo 1234567890; i=$((i + 1)); done >/dev/stdout"
            let output = try await Command.run(
                ["python3", "-c", script, DrydockProgram.path, command],
                environment: ["TMPDIR": "\(directory)/runs"],
                in: directory
            )
            #expect(output.text == "50001 0", "\(output.errorText)")
        }
    }

    @Test(.requiresRoot)
    func `output that does not fit is told`() async throws {
        try await withImage { directory in
            let script = """
                mkdir full; mount -t tmpfs -o size=4k tmpfs full; status=0
                "$0" run a.tar -- 'while :; do echo too much; done' >full/out || status=$?
                exit "$status"
                """
            let output = try await Command.run(
                ["unshare", "-m", "sh", "-ec", script, DrydockProgram.path],
                environment: ["TMPDIR": "\(directory)/runs"],
                in: directory
            )
            let lines = output.errorText.split(separator: "\n")
            #expect(lines.first == "Error: Cannot write 'standard output': no space left on device (ENOSPC)")
            #expect(output.status == 1)
        }
    }

    @Test
    func `a spec is built and run, and no image is written`() async throws {
        try await withImage { directory in
            try FileManager.default.removeItem(atPath: "\(directory)/a.tar")
            let usual = try await run(["a.yaml"], in: directory)
            #expect(usual.text == "1000\n/new/place", "\(usual.errorText)")
            #expect(usual.status == 7)
            // Paths in a spec from standard input are relative to the working directory.
            let changed = Self.spec.replacing("WorkingDir:", with: "Env: [A=b], WorkingDir:").replacing(
                "config:",
                with: "runAsRoot: 'mkdir /made; chown 1000 /made', config:"
            )
            let arguments = ["-", "--", "stat -c %u /made; echo $A; cat"]
            let typed = try await run(arguments, input: changed, in: directory)
            #expect(typed.text == "1000\nb", "\(typed.errorText)")
            #expect(typed.status == 0)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(names == ["a.yaml", "rootfs", "runs"])
        }
    }

    @Test
    func `faults of a spec are told as by build, and options that make no sense are refused`() async throws {
        try await withTemporaryDirectory { directory in
            let wrong = try await run(["-"], input: "{ name: a, copyToRot: x }", in: directory)
            #expect(wrong.status == 65)
            #expect(wrong.errorText.contains("standard input:1:"), "\(wrong.errorText)")
            let platform = try await run(["--platform", "linux/arm64", "a.yaml"], in: directory)
            #expect(platform.status == 64)
            let expected = "Error: '--platform' chooses one of several images, and a spec says itself what it is for"
            #expect(platform.errorText.hasPrefix(expected), "\(platform.errorText)")
        }
    }

    @Test
    func `options change what runs, and volumes can be read-only`() async throws {
        try await withImage { directory in
            let arguments = ["--user", "5:6", "-e", "X=it's $", "-w", "/etc", "-v", "./rootfs:/mnt:ro", "a.tar", "--"]
            let script = "id -u; id -g; pwd; echo \"$X\"; cat /mnt/etc/group; touch /mnt/x || echo refused"
            let output = try await run(arguments + [script], in: directory)
            #expect(output.text.hasPrefix("5\n6\n/etc\nit's $\n"), "\(output.errorText)")
            #expect(output.text.hasSuffix("wheel:x:10:jane\nrefused"))
            let wrong = try await run(["--user", "joe", "a.tar"], in: directory)
            #expect(wrong.status == 1)
            #expect(wrong.errorText == "Error: Cannot run as 'joe': the image's /etc/passwd has no such user")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `a user without anything runs it as the image's user, and leaves nothing`() async throws {
        try await withImage { directory in
            // The checkout may lie in a home that nobody else may enter.
            try await Command.check(["cp", DrydockProgram.path, "\(directory)/drydock"])
            let command = ["\(directory)/drydock", "run", "a.tar", "--", "id -u; id -g"]
            let output = try await Command.run(
                Surroundings(user: 65_534).wrapping(command),
                environment: ["TMPDIR": "\(directory)/runs"],
                in: directory
            )
            #expect(output.text == "1000\n1000", "\(output.errorText)")
        }
    }

    @Test
    func `a signal reaches the command, which ends as it likes`() async throws {
        try await withImage { directory in
            let running = try await Command.start(
                [
                    "sh", "-c",
                    """
                    "$0" run -v ./runs:/mark a.tar --user 0 -- \
                        'trap "exit 5" TERM; touch /mark/up; while :; do sleep 0.1; done' &
                    while [ ! -e runs/up ]; do sleep 0.1; done
                    kill -TERM $!; wait $!; echo "$?"; rm runs/up
                    """, DrydockProgram.path,
                ],
                environment: ["TMPDIR": directory],
                in: directory
            )
            #expect(try await running.output().text == "5")
        }
    }
}
