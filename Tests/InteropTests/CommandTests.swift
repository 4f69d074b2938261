// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Programs that tests start, and the places that tests make.
@Suite
struct CommandTests {
    @Test
    func `both outputs are read while the program runs`() async throws {
        let script = "head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2; exit 3"
        let output = try await Command.run(["sh", "-c", script])
        #expect(output.status == 3)
        #expect(output.standardOutput.count == 3_000_000)
        #expect(output.standardError.count == 2_000_000)
    }

    @Test
    func `a program gets its input, directory and environment, and nothing of ours`() async throws {
        let script = "cat; pwd; echo $GIVEN; env | wc -l"
        let input = Array("input\n".utf8)
        let text = try await Command.check(
            ["sh", "-c", script],
            input: input,
            environment: ["GIVEN": "given"],
            in: "/usr"
        )
        let lines = text.split(separator: "\n")
        #expect(lines.prefix(3) == ["input", "/usr", "given"])
        // Four variables of ours; the shell adds PWD, and OLDPWD or _ by its kind.
        let count = try #require(lines.last.flatMap { Int($0) })
        #expect((4...7).contains(count))
    }

    @Test
    func `a signal counts as in a shell`() async throws {
        #expect(try await Command.run(["sh", "-c", "kill -TERM $$"]).status == 128 + SIGTERM)
    }

    @Test
    func `the deadline ends a program and its children`() async throws {
        try await withTemporaryDirectory { directory in
            let script = "sleep 1000 & echo $! >child; wait"
            let failure = try await #require(throws: Command.Failure.self) {
                try await Command.run(["sh", "-c", script], in: directory, timeout: 0.5)
            }
            #expect(failure.reason.hasPrefix("reached its deadline and was killed"))
            let child = try String(contentsOfFile: directory + "/child", encoding: .utf8)
            #expect(await isGone(child.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
    }

    /// Whether a process has ended; who adopted it may not have waited for it yet, so a zombie counts.
    private func isGone(_ process: String) async -> Bool {
        for _ in 0..<100 {
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            guard let status, !status.contains(") Z ") else { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test
    func `a child that is left behind does not hold up the end`() async throws {
        let output = try await Command.run(["sh", "-c", "sleep 3 & echo done"], timeout: 2)
        #expect(output.text == "done")
    }

    @Test
    func `a running program can be interrupted`() async throws {
        // No trap: dash loses a signal that comes between its trap and its wait.
        let running = try await Command.start(["sh", "-c", "echo ready >&2; exec sleep 900"], timeout: 900)
        while !running.errorTextSoFar.contains("ready") { try await Task.sleep(for: .milliseconds(5)) }
        running.signal(SIGINT)
        #expect(try await running.output().status == 128 + SIGINT)
    }

    @Test
    func `a program that does not exist is an error`() async throws {
        let failure = try await #require(throws: Command.Failure.self) {
            try await Command.run(["no-such-program", "x"])
        }
        #expect(failure.description == "'no-such-program x' cannot be started: No such file or directory")
    }

    @Test
    func `a failing program is an error where success is asked for`() async throws {
        let failure = try await #require(throws: Command.Failure.self) {
            try await Command.check(["sh", "-c", "echo why >&2; exit 4"])
        }
        #expect(failure.reason == "ended with status 4: why")
    }

    @Test
    func `a temporary directory goes away with unreadable directories and names that are not UTF-8`() async throws {
        let path = try await withTemporaryDirectory { directory in
            let script = "mkdir -p a/b && touch a/b/c \"$(printf '\\377')\" && chmod 0 a/b && chmod 0500 a"
            try await Command.check(["sh", "-c", script], in: directory)
            return directory
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test
    func `a temporary directory goes away when the test fails`() async throws {
        struct Thrown: Error { let path: String }
        let thrown = try await #require(throws: Thrown.self) {
            try await withTemporaryDirectory { throw Thrown(path: $0) }
        }
        #expect(!FileManager.default.fileExists(atPath: thrown.path))
    }

    @Test(.requiresRoot)
    func `a tmpfs is full at its size`() async throws {
        try await withTmpfs(size: 1 << 20) { directory in
            let output = try await Command.run(["dd", "if=/dev/zero", "of=\(directory)/full", "bs=64k"])
            #expect(output.status == 1)
            #expect(output.errorText.contains("No space left on device"))
        }
    }

    @Test(.requires("mkfs.ext4"), .requiresRoot)
    func `an ext4 file system is new and empty`() async throws {
        try await withExt4(size: 16 << 20) { directory in
            let type = try await Command.check(["stat", "--file-system", "--format=%T", directory])
            #expect(type == "ext2/ext3")
            let entries = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(entries == [])
        }
    }

    @Test(.requires("setpriv", "taskset"), .requiresRoot)
    func `surroundings reach the program`() async throws {
        let surroundings = Surroundings(
            user: 1234,
            umask: 0o077,
            locale: "tr_TR.UTF-8",
            timeZone: "Asia/Kathmandu",
            processors: 1
        )
        let script = "id -u; id -G; umask; echo $LC_ALL $TZ; nproc"
        let text = try await Command.check(surroundings.wrapping(["sh", "-c", script]))
        #expect(text == "1234\n1234\n0077\ntr_TR.UTF-8 Asia/Kathmandu\n1")
    }
}
